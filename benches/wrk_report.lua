-- One line that a script can read: requests, seconds, errors, p99 in milliseconds.
done = function(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("figures %d %.6f %d %.3f\n", summary.requests, summary.duration / 1e6,
      e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99) / 1000))
end
