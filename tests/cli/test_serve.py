"""serve, as a process that is stopped."""

import signal
import socket
import subprocess
import sys
import urllib.request

from asn_nlp.cli import main


def test_it_answers_until_it_is_interrupted():
    command = [sys.executable, "-m", "asn_nlp", "serve", "ready", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = process.stdout.readline()
        assert told.startswith("ready: http://127.0.0.1:")
        with urllib.request.urlopen(f"{told.split()[1]}health") as answer:
            assert b'"status":"ok"' in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "\nstopped\n")


def test_an_address_that_is_taken_is_told(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "ready", "--port", str(port)]) == 2
    words = f"127.0.0.1:{port} cannot be listened on (Address already in use); give another --port"
    assert words in capsys.readouterr().err


def test_a_port_out_of_range_is_told_before_anything_is_opened(capsys):
    assert main(["serve", "nowhere", "--port", "70000"]) == 2
    assert "port must be from 0 to 65,535, found 70000" in capsys.readouterr().err
