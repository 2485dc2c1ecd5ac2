"""A link that expects to be told certain things and answers them, as a real instrument did."""

import threading


class Dialogue:
    """Plays (bytes sent, bytes answered) pairs; anything else that is sent fails the test.

    Parameters
    ----------
    pairs : list of (bytes, bytes)
        What is expected, in order, and what is answered to it.
    """

    def __init__(self, pairs):
        self.pairs = list(pairs)
        self.sent = b""
        self._answers = b""
        self._lock = threading.Lock()
        self.is_closed = False
        self.longest_wait_s = 0.0

    def read(self, wait_s=0.005):
        self.longest_wait_s = max(self.longest_wait_s, wait_s)
        with self._lock:
            answers, self._answers = self._answers, b""
        if not answers:
            threading.Event().wait(min(wait_s, 0.005))
        return answers

    def write(self, data):
        with self._lock:
            self.sent += data
            while self.pairs and self.sent.startswith(self.pairs[0][0]):
                expected, answer = self.pairs.pop(0)
                self.sent = self.sent[len(expected) :]
                self._answers += answer
            if self.sent and not (self.pairs and self.pairs[0][0].startswith(self.sent)):
                expected = self.pairs[0][0] if self.pairs else b"(nothing)"
                raise AssertionError(f"sent {self.sent!r}, expected {expected!r}")

    def say(self, data):
        """Send something that nobody asked for."""
        with self._lock:
            self._answers += data

    def close(self):
        self.is_closed = True

    def finish(self):
        """Fail where not everything was said that should have been."""
        assert not self.pairs, f"never sent: {self.pairs[0][0]!r}"
