// A provider of OpenID Connect: node provider.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI. It says its issuer on the first line.
// Whoever logs in is who they say. It has not seen to the mail address of those whose name begins with "unseen".
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name", "preferred_username"],
    },
    cookies: { keys: ["of a test"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `The ${id}`,
        preferred_username: id.split("-").at(-1),
        email: `${id.split("-").at(-1)}@music.example`,
        email_verified: !id.startsWith("unseen"),
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ issuer }));
});
// Whoever started it has gone.
process.stdin.resume().on("end", () => process.exit());
