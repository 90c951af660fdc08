//! The media data plane on hyper: listener, token, lookup, range, response.
