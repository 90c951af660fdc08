# What a node does. What differs between operators is in segue.vcl.

import xkey;

sub vcl_recv {
    # Ours alone.
    unset req.http.Segue-Refusal;
    unset req.http.Segue-Purged;
    if (req.method == "PURGE") {
        call purge_request;
    }
    if (req.method == "OPTIONS") {
        return (synth(204));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }
    # No player sends a body with these, and whoever does tries where it ends.
    if (req.http.Transfer-Encoding || (req.http.Content-Length && req.http.Content-Length != "0")) {
        return (synth(400));
    }
    std.collect(req.http.Cookie, "; ");
    if (!gate.admits(req.url, req.http.Cookie)) {
        if (gate.refusal()) {
            set req.http.Segue-Refusal = gate.refusal();
            std.log("refusal:" + gate.refusal());
        }
        return (synth(gate.status()));
    }
    # From here on, what two viewers ask for is the same.
    set req.url = gate.path();
    std.log("path:" + req.url);
    # Several ranges are answered as a whole, as an edge does.
    if (req.http.Range ~ ",") {
        unset req.http.Range;
    }
    return (hash);
}

# PURGE with xkey-purge: or xkey-softpurge: and surrogate keys, or of one path as the edge has it.
sub purge_request {
    if (!gate.may_purge(req.http.Segue-Purge-Secret)) {
        set req.http.Segue-Refusal = "wrong-purge-secret";
        return (synth(403));
    }
    # A header may come on several lines.
    std.collect(req.http.xkey-purge, " ");
    std.collect(req.http.xkey-softpurge, " ");
    # What is no key purges nothing, and should not look as if it did; nor should one of two kinds of purge.
    if (req.http.xkey-purge && req.http.xkey-softpurge) {
        return (synth(400));
    }
    if (req.http.xkey-purge) {
        if (!segue.are_keys(req.http.xkey-purge)) {
            return (synth(400));
        }
        segue.purged();
        set req.http.Segue-Purged = xkey.purge(regsuball(req.http.xkey-purge, ",", " "));
        return (synth(200, "Purged"));
    }
    if (req.http.xkey-softpurge) {
        if (!segue.are_keys(req.http.xkey-softpurge)) {
            return (synth(400));
        }
        segue.purged();
        set req.http.Segue-Purged = xkey.softpurge(regsuball(req.http.xkey-softpurge, ",", " "));
        return (synth(200, "Purged"));
    }
    if (!segue.is_object(req.url)) {
        return (synth(400));
    }
    segue.purged();
    return (purge);
}

# The path alone: neither Host nor anything else that viewers choose.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_purge {
    return (synth(200, "Purged"));
}

sub vcl_backend_fetch {
    # Without a length, which is stripped as all else is, an edge would take a body for the next request.
    unset bereq.body;
    segue.begin_fetch();
    segue.strip_fetch();
    call edge_secret;
    return (fetch);
}

sub vcl_backend_response {
    # What was purged while it was on its way is for those who wait for it, and for nobody else.
    if (segue.fetch_is_overtaken()) {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
    if (beresp.status != 200) {
        # A viewer who would be given the old, rather than this, is.
        if (bereq.is_bgfetch && beresp.status >= 500) {
            return (abandon);
        }
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
    # What was purged softly is given for so long while it is fetched anew, or while the edge is down.
    set beresp.grace = 1h;
    set beresp.http.xkey = beresp.http.Surrogate-Key;
    # And the built-in rules: keys to encrypted songs say no-store.
}

sub vcl_backend_error {
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Retry-After = "5";
    set beresp.http.Access-Control-Allow-Origin = "*";
    set beresp.http.Timing-Allow-Origin = "*";
    set beresp.http.Access-Control-Expose-Headers = "Retry-After";
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    synthetic(beresp.reason);
    return (deliver);
}

sub vcl_deliver {
    unset resp.http.xkey;
    # For CDNs, not for viewers.
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    unset resp.http.Edge-Cache-Tag;
    unset resp.http.CDN-Tag;
    # What it says was true when the object was fetched.
    unset resp.http.Server-Timing;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    # The viewer's URL holds a secret: nobody else may keep the answer.
    set resp.http.Cache-Control = regsub(resp.http.Cache-Control, "^public", "private");
    if (resp.http.Cache-Status) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", ";
    }
    if (obj.hits == 0) {
        set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; fwd=miss";
    } else if (obj.ttl <= 0s) {
        set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; hit; detail=stale";
    } else {
        set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; hit";
    }
    return (deliver);
}

sub vcl_synth {
    # The same as an edge says (edge/delivery/src/head.rs).
    set resp.http.Access-Control-Allow-Origin = "*";
    set resp.http.Access-Control-Expose-Headers = "Accept-Ranges, Age, Cache-Status, Content-Encoding, " +
        "Content-Length, Content-Range, Date, ETag, Repr-Digest, Retry-After, Segue-Refusal, Server-Timing";
    set resp.http.Timing-Allow-Origin = "*";
    unset resp.http.X-Varnish;
    if (resp.status == 204) {
        set resp.http.Access-Control-Allow-Methods = "GET, HEAD, OPTIONS";
        set resp.http.Access-Control-Allow-Headers = "Range, If-Match, If-Range, If-None-Match, " +
            "CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status";
        set resp.http.Access-Control-Max-Age = "86400";
        return (deliver);
    }
    set resp.http.Cache-Control = "no-store";
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    if (resp.status == 401) {
        set resp.http.WWW-Authenticate = "SignedURL realm=" + {"""} + "segue" + {"""};
    }
    if (resp.status == 405) {
        set resp.http.Allow = "GET, HEAD, OPTIONS";
    }
    if (req.http.Segue-Purged) {
        set resp.http.Segue-Purged = req.http.Segue-Purged;
    }
    if (req.http.Segue-Refusal) {
        set resp.http.Segue-Refusal = req.http.Segue-Refusal;
        synthetic(req.http.Segue-Refusal);
    } else {
        synthetic(resp.reason);
    }
    return (deliver);
}
