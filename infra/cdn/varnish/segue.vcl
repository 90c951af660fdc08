# A node of a CDN in front of a Segue edge: what an operator says (/etc/varnish/segue.vcl).
# What follows from it is in node.vcl, which stays as it is.
vcl 4.1;

import segue;
import std;

# The edge that this node pulls from. Varnish 7.1 speaks no TLS to it: the network between must be private, or a
# tunnel (stunnel, HAProxy) stand here.
backend edge {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 5s;
    .first_byte_timeout = 30s;
    .between_bytes_timeout = 30s;
}

sub vcl_init {
    # The edge's /.well-known/jwks.json, kept fresh by ../fetch-keys; and who may purge: a secret a line, 32 to 256 characters.
    # The user vcache must be able to read both.
    new gate = segue.verifier("/etc/segue/jwks.json", "/etc/segue/purge-secrets");
}

sub edge_secret {
    # One of the edge's SEGUE_EDGE_SECRET. It is read once: another one comes with the next vcl.load.
    set bereq.http.Segue-Edge-Secret = regsub(std.fileread("/etc/segue/edge-secret"), "\s+$", "");
}

include "/etc/varnish/segue/node.vcl";
