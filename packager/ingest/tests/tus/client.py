"""tuspy sends a file: client.py URL FILE [checksums]. Prints the song that it became."""

import sys

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

url, path, *wishes = sys.argv[1:]
client = TusClient(url)


def made():
    while True:
        try:
            uploader = client.uploader(
                path,
                chunk_size=250_000,
                metadata={"filename": "x.flac", "title": "A song – ähm"},
                upload_checksum="checksums" in wishes,
            )
            uploader.set_url(uploader.create_url())
            return uploader
        except TusCommunicationError as error:
            print("again:", error, file=sys.stderr)


uploader = made()
while True:
    try:
        uploader.offset = uploader.get_offset()
        uploader.upload()
        break
    except TusCommunicationError as error:
        print("again:", error, file=sys.stderr)

# The last answer may have been lost: whoever asks is told again.
told = requests.head(uploader.url, headers={"Tus-Resumable": "1.0.0"})
assert int(told.headers["Upload-Offset"]) == uploader.get_file_size()
if uploader.request is not None and "Segue-Song" in uploader.request.response_headers:
    assert uploader.request.response_headers["Segue-Song"] == told.headers["Segue-Song"]
print(told.headers["Segue-Song"])
