"""What the server does not free fails its tests: LeakSanitizer looks when it ends."""

import pytest

from harness.server import Server, build_directory


def leaks_are_found():
    return b"__asan_init" in (build_directory() / "fermata").read_bytes()


@pytest.mark.skipif(not leaks_are_found(), reason="not built with AddressSanitizer")
def test_a_leak_fails(tmp_path):
    server = Server(tmp_path, LD_PRELOAD=str(build_directory() / "tests/api/leak.so"),
                    ASAN_OPTIONS="verify_asan_link_order=0").start()
    with pytest.raises(AssertionError, match="LeakSanitizer: detected memory leaks"):
        server.close()
