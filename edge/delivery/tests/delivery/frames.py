"""HTTP/2 frame by frame, as clients write it that mean well and clients that do not (RFC 9113).

    frames.py PORT SMALL LARGE [CASE…]

SMALL and LARGE are paths of 5 and 3,145,728 bytes. Each case ends with a line "ok NAME"; the first that fails ends
everything. "shutdown" waits for a line on standard input, before which the server is to be stopped.
"""

import socket
import struct
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame, RstStreamFrame, WindowUpdateFrame

PORT, SMALL, LARGE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
SIZE = 3 << 20
Code = h2.errors.ErrorCodes


class Client:
    """A connection that notes what comes, and answers nothing by itself but PING and SETTINGS."""

    def __init__(self, window=None, preface=True):
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.ignore_goaway()
        self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.status, self.bodies, self.ended, self.resets = {}, {}, set(), {}
        self.goaway, self.closed, self.pongs, self.peer_settings = [], False, [], False
        if window is not None:
            values = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=values)
        if preface:
            self.h2.initiate_connection()
            self.flush()

    def ignore_goaway(self):
        """Streams that were begun go on after a GOAWAY (6.8), which the library does not have."""
        machine = self.h2.state_machine
        process = machine.process_input
        goaway = h2.connection.ConnectionInputs.RECV_GOAWAY
        machine.process_input = lambda event: [] if event is goaway else process(event)

    def flush(self):
        self.raw(self.h2.data_to_send())

    def raw(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def headers(self, path, method="GET", more=()):
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "edge"), (":path", path)]
        return pseudo + list(more)

    def get(self, path, method="GET", more=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, self.headers(path, method, more), end_stream=end)
        self.flush()
        return stream

    def head(self, stream, block, ends=("END_HEADERS", "END_STREAM")):
        frame = HeadersFrame(stream)
        frame.data = block
        for flag in ends:
            frame.flags.add(flag)
        return frame.serialize()

    def block(self, headers):
        """An encoded header block, for frames that the library would not write."""
        return self.h2.encoder.encode(headers)

    def read(self):
        """Takes what is there, waiting for something; False at the end."""
        try:
            data = self.socket.recv(1 << 16)
        except socket.timeout:
            raise AssertionError("nothing came for 30 s")
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self.note(event)
        if not self.closed:
            self.flush()
        return True

    def note(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.status[event.stream_id] = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            body = self.bodies.get(event.stream_id, 0)
            self.bodies[event.stream_id] = body + len(event.data)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway.append(event.error_code)
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs.append(event.ping_data)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.peer_settings = True

    def until(self, what, condition):
        while not condition():
            if not self.read():
                assert condition(), f"the server closed before: {what}"
                return

    def until_settings(self):
        self.until("SETTINGS", lambda: self.peer_settings)

    def open_window(self, stream, by):
        self.h2.increment_flow_control_window(by)
        self.h2.increment_flow_control_window(by, stream)
        self.flush()

    def raw_goaways(self):
        """Reads to the end frames of streams that the library knows nothing of."""
        buffer = b""
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            buffer += data
        return [struct.unpack(">I", body[4:8])[0] for kind, _, body in frames(buffer) if kind == 7]

    def read_any(self):
        try:
            return bool(self.socket.recv(1 << 16))
        except OSError:
            return False

    def is_refused(self, *codes):
        """Waits until the connection is ended for one of these reasons."""
        while self.read():
            pass
        assert self.goaway and self.goaway[-1] in codes, f"GOAWAY {self.goaway}, wanted {codes}"


def lives():
    """Whatever somebody did, others are answered."""
    client = Client()
    stream = client.get(SMALL)
    client.until("an answer", lambda: stream in client.ended)
    assert (client.status[stream], client.bodies[stream]) == (200, 5), client.status


def get():
    client = Client()
    streams = [client.get(SMALL, method) for method in ("GET", "HEAD", "OPTIONS", "PUT")]
    client.until("four answers", lambda: client.ended.issuperset(streams))
    assert [client.status[stream] for stream in streams] == [200, 200, 204, 405], client.status
    assert [client.bodies.get(stream, 0) for stream in streams][:2] == [5, 0]


def multiplexed():
    client = Client()
    streams = [client.get(SMALL) for _ in range(100)]
    client.until("100 answers", lambda: client.ended.issuperset(streams))
    assert all(client.bodies[stream] == 5 for stream in streams)


def settings_are_told():
    client = Client()
    client.until_settings()
    told = client.h2.remote_settings
    assert told.max_concurrent_streams == 128, told.max_concurrent_streams
    assert told.max_header_list_size == 32 << 10, told.max_header_list_size
    assert told.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL, 0) == 0


def streams_beyond_the_limit_are_refused():
    client = Client(window=0)
    client.until_settings()
    client.h2.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 1000
    client.h2.remote_settings.acknowledge()
    streams = [client.get(LARGE) for _ in range(160)]
    client.until("refusals", lambda: len(client.resets) >= 32 or client.goaway)
    assert set(client.resets.values()) <= {Code.REFUSED_STREAM}, client.resets
    lives()


def a_reader_without_window_holds_up_nobody():
    client = Client(window=0)
    stalled = client.get(LARGE)
    client.until("a head", lambda: stalled in client.status)
    quick = client.get(SMALL)
    client.open_window(quick, 100)
    client.until("the other's end", lambda: quick in client.ended)
    assert client.bodies.get(stalled, 0) == 0
    lives()
    client.open_window(stalled, SIZE)
    client.until("its end", lambda: stalled in client.ended)
    assert client.bodies[stalled] == SIZE


def a_byte_at_a_time():
    client = Client(window=1)
    stream = client.get(SMALL)
    while stream not in client.ended:
        before = client.bodies.get(stream, 0)
        client.until("a byte", lambda: client.bodies.get(stream, 0) > before or stream in client.ended)
        if stream not in client.ended:
            client.open_window(stream, 1)
    assert client.bodies[stream] == 5


def who_resets_is_forgotten():
    client = Client(window=10)
    for _ in range(300):
        stream = client.get(LARGE)
        client.until("a head", lambda: stream in client.status)
        client.h2.reset_stream(stream, Code.CANCEL)
        client.flush()
    stream = client.get(SMALL)
    client.until("an answer", lambda: stream in client.ended)


def rapid_reset():
    """CVE-2023-44487: requests that are taken back before they are looked at."""
    client = Client()
    client.until_settings()
    flood = b""
    for stream in range(1, 40_001, 2):
        head = client.head(stream, client.block(client.headers(SMALL)))
        flood += head + RstStreamFrame(stream, Code.CANCEL).serialize()
    client.raw(flood)
    assert Code.ENHANCE_YOUR_CALM in client.raw_goaways()
    lives()


def a_long_head_is_431():
    client = Client()
    client.until_settings()
    stream = client.get(SMALL, more=[("x-long", "a" * (33 << 10))])
    client.until("an answer", lambda: stream in client.ended or stream in client.resets)
    assert client.status.get(stream) == 431, (client.status, client.resets)
    stream = client.get(SMALL, more=[(f"x-{at}", "a" * 50) for at in range(1_000)])
    client.until("an answer", lambda: stream in client.ended or stream in client.resets)
    assert client.status.get(stream) == 431, (client.status, client.resets)
    stream = client.get("/artist/x/album/" + "a" * 5_000)
    client.until("an answer", lambda: stream in client.ended)
    assert client.status[stream] == 414


def a_head_without_an_end():
    """CVE-2024-27316: CONTINUATION after CONTINUATION."""
    client = Client()
    client.until_settings()
    head = client.head(1, client.block(client.headers(SMALL)), ends=("END_STREAM",))
    client.raw(head)
    for _ in range(5_000):
        more = ContinuationFrame(1)
        more.data = client.block([("x-more", "a" * 1_000)])
        client.raw(more.serialize())
        if client.closed:
            break
    try:
        client.is_refused(Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR, Code.COMPRESSION_ERROR)
    except AssertionError:
        # Who writes on after the end may lose the GOAWAY to a reset; the connection is gone.
        assert client.closed
    lives()


def a_bomb_of_compressed_heads():
    """A table entry of 4 KB, named a thousand times."""
    client = Client()
    client.until_settings()
    head = client.head(1, client.block(client.headers(SMALL, more=[("x-bomb", "a" * 3_900)])))
    client.raw(head)
    again = client.block([("x-bomb", "a" * 3_900)])
    assert len(again) == 1, "an index alone"
    head = client.head(3, client.block(client.headers(SMALL)) + again * 5_000)
    client.h2.get_next_available_stream_id()
    client.raw(head)
    seen = b""
    while not any(kind == 7 or stream == 3 for kind, stream, _ in frames(seen)):
        more = client.socket.recv(1 << 16)
        assert more, "neither an answer nor GOAWAY"
        seen += more
    # An answer, if there is one, is no 200, which HPACK writes as 0x88.
    assert not any((kind, stream) == (1, 3) and body[0] == 0x88 for kind, stream, body in frames(seen))
    lives()


def data_on_a_finished_stream():
    client = Client()
    stream = client.get(SMALL)
    client.until("an answer", lambda: stream in client.ended)
    frame = DataFrame(stream)
    frame.data = b"more"
    client.raw(frame.serialize())
    # That stream is over; the connection need not be (5.1).
    seen = b""
    while 3 not in kinds(seen) and 7 not in kinds(seen):
        more = client.socket.recv(1 << 16)
        assert more, "neither RST_STREAM nor GOAWAY"
        seen += more
    assert struct.pack(">I", Code.STREAM_CLOSED) in seen, seen
    lives()


def data_on_a_stream_that_never_was():
    client = Client()
    client.until_settings()
    frame = DataFrame(9)
    frame.data = b"what"
    client.raw(frame.serialize())
    client.is_refused(Code.PROTOCOL_ERROR)


def a_stream_of_the_servers():
    client = Client()
    client.until_settings()
    head = client.head(2, client.block(client.headers(SMALL)))
    client.raw(head)
    client.is_refused(Code.PROTOCOL_ERROR)


def streams_that_count_down():
    client = Client()
    client.until_settings()
    for stream in (5, 3):
        head = client.head(stream, client.block(client.headers(SMALL)))
        client.raw(head)
    while True:
        try:
            if not client.read():
                break
        except h2.exceptions.ProtocolError:
            pass  # The library knows no stream 5.
    lives()


def a_window_beyond_all():
    client = Client()
    client.until_settings()
    for _ in range(2):
        client.raw(WindowUpdateFrame(0, window_increment=(1 << 31) - 1).serialize())
    client.is_refused(Code.FLOW_CONTROL_ERROR)


def a_window_by_nothing():
    client = Client()
    client.until_settings()
    frame = WindowUpdateFrame(0, window_increment=1).serialize()
    client.raw(frame[:-4] + b"\0\0\0\0")
    client.is_refused(Code.PROTOCOL_ERROR)


def a_frame_beyond_the_limit():
    client = Client()
    client.until_settings()
    frame = DataFrame(1)
    frame.data = b"a" * (1 << 15)
    client.raw(frame.serialize())
    client.is_refused(Code.FRAME_SIZE_ERROR)


def unknown_frames_are_passed_over():
    client = Client()
    client.until_settings()
    client.raw(b"\0\0\1" + b"\xbe" + b"\0" + b"\0\0\0\0" + b"?")
    stream = client.get(SMALL)
    client.until("an answer", lambda: stream in client.ended)


def pings_are_answered():
    client = Client()
    client.h2.ping(b"12345678")
    client.flush()
    client.until("its echo", lambda: client.pongs == [b"12345678"])
    frame = PingFrame(0)
    frame.opaque_data = b"12345678"
    client.raw(frame.serialize()[:-1])
    client.raw(b"\0")


def crooked_heads_reset_their_stream():
    for more in (
        [("Upper-Case", "x")],
        [("connection", "close")],
        [("transfer-encoding", "chunked")],
        [("te", "gzip")],
        [(":path", SMALL)],
        [(":status", "200")],
    ):
        client = Client()
        stream = client.get(SMALL, more=more)
        client.until("a reset", lambda: stream in client.resets or stream in client.ended or client.goaway)
        code = client.resets.get(stream, client.goaway[0] if client.goaway else None)
        status = client.status.get(stream)
        assert code == Code.PROTOCOL_ERROR or status == 400, (more, code, status)
    for headers in (
        [(":method", "GET"), (":scheme", "http"), (":authority", "edge")],
        [(":scheme", "http"), (":authority", "edge"), (":path", SMALL)],
        [(":method", "GET"), (":scheme", "http"), (":authority", "edge"), (":path", "")],
        [("x", "y"), (":method", "GET"), (":scheme", "http"), (":authority", "e"), (":path", SMALL)],
    ):
        client = Client()
        client.until_settings()
        head = client.head(1, client.block(headers))
        client.h2.get_next_available_stream_id()
        client.raw(head)
        client.socket.settimeout(10)
        seen = client.socket.recv(1 << 16)
        while seen and not any(kind in kinds(seen) for kind in (1, 3, 7)):
            more = client.socket.recv(1 << 16)
            assert more, "neither a reset nor an answer"
            seen += more
        assert 1 not in kinds(seen) or b"400" in seen or b"\x8c" in seen, (headers, seen)
    lives()


def frames(data):
    """Kind, stream and body of every whole frame."""
    found = []
    while len(data) >= 9 and len(data) >= 9 + (length := int.from_bytes(data[:3], "big")):
        found.append((data[3], int.from_bytes(data[5:9], "big"), data[9:9 + length]))
        data = data[9 + length:]
    return found


def kinds(data):
    return {kind for kind, _, _ in frames(data)}


def a_body_that_nobody_asked_for():
    client = Client()
    stream = client.get(SMALL, "POST", end=False)
    client.until("an answer", lambda: stream in client.status)
    assert client.status[stream] == 405
    other = client.get(SMALL)
    client.until("another", lambda: other in client.ended)


def not_http_2_at_all():
    client = Client(preface=False)
    client.raw(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + b"\0" * 100)
    while client.read_any():
        pass
    lives()


def shutdown():
    """What is under way is finished, what comes after it is not begun."""
    client = Client(window=0)
    stream = client.get(LARGE)
    client.until("a head", lambda: stream in client.status)
    print("under way", flush=True)
    assert sys.stdin.readline(), "told to go on"
    client.until("GOAWAY", lambda: client.goaway)
    assert client.goaway == [Code.NO_ERROR], client.goaway
    client.open_window(stream, SIZE)
    client.until("its end", lambda: client.bodies.get(stream, 0) == SIZE)
    while client.read_any():
        pass


def idle():
    """For a server that gives little time: who says nothing, who only greets, and who is done."""
    silent = Client(preface=False)
    assert not silent.read_any(), "who says nothing"
    started = Client(preface=False)
    started.raw(b"PRI * HTTP/2.0\r\n\r\n")
    while started.read_any():
        pass
    greeted = Client()
    while greeted.read():
        pass
    done = Client()
    stream = done.get(SMALL)
    done.until("an answer", lambda: stream in done.ended)
    while done.read():
        pass
    assert done.goaway and done.goaway[-1] == Code.NO_ERROR, done.goaway
    half = Client()
    half.until_settings()
    head = half.head(1, half.block(half.headers(SMALL)), ends=("END_STREAM",))
    half.raw(head)
    while half.read_any():
        pass


SEPARATE = {"shutdown", "idle"}
CASES = [
    lives, get, multiplexed, settings_are_told, streams_beyond_the_limit_are_refused,
    a_reader_without_window_holds_up_nobody, a_byte_at_a_time, who_resets_is_forgotten, rapid_reset,
    a_long_head_is_431, a_head_without_an_end, a_bomb_of_compressed_heads, data_on_a_finished_stream,
    data_on_a_stream_that_never_was, a_stream_of_the_servers, streams_that_count_down, a_window_beyond_all,
    a_window_by_nothing, a_frame_beyond_the_limit, unknown_frames_are_passed_over, pings_are_answered,
    crooked_heads_reset_their_stream, a_body_that_nobody_asked_for, not_http_2_at_all, shutdown, idle,
]
wanted = set(sys.argv[4:])
for case in CASES:
    name = case.__name__
    if name in wanted or (not wanted and name not in SEPARATE):
        case()
        print(f"ok {name}", flush=True)
