"""Takes mail on 127.0.0.1:PORT (0: a free one) and prints, as JSON lines, its port and then every mail."""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content
        head, _, _ = content.partition(b"\r\n\r\n")
        mail = {
            "hello": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "head": head.decode("ascii"),
            "text": email.message_from_bytes(content, policy=email.policy.default).get_content(),
        }
        print(json.dumps(mail), flush=True)
        return "250 taken"


async def main(port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink()), "127.0.0.1", port)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
