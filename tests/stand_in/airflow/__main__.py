"""A stand-in for Airflow's programs: it starts at once and is as hard to end as they are, for tests of what ends them.

Like Airflow's scheduler, its programs leave workers behind that ignore TERM, one of them in a session of its own.
"""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
HEALTHY = b'{"scheduler": {"status": "healthy"}, "dag_processor": {"status": "healthy"}}'


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {"/": b"<html>", "/api/v2/monitor/health": HEALTHY}.get(self.path)
        self.send_response(401 if known is None else 200)
        self.end_headers()
        self.wfile.write(known or b"{}")


def main(program: str) -> None:
    if program == "db":
        Path(os.environ["AIRFLOW_HOME"], "airflow.cfg").touch()
        return
    subprocess.Popen([sys.executable, "-c", DEAF], process_group=0)
    subprocess.Popen([sys.executable, "-c", DEAF], start_new_session=True)
    if program == "api-server":
        HTTPServer(("127.0.0.1", int(os.environ["AIRFLOW__API__PORT"])), Page).serve_forever()
    time.sleep(300)


if __name__ == "__main__":
    main(sys.argv[1])
