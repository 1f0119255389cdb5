"""A colleague's script: what the display server and the machine do meanwhile, a line a value.

`perfkit-agent record --with script:tests/programs/watch.py -- PROGRAM` runs it beside the program.
"""
import os
import time

INTERVAL = float(os.environ.get("PERFKIT_INTERVAL") or 0.2)


def server():
    """The process id of the X server that DISPLAY names, or None."""
    number = os.environ.get("DISPLAY", "").lstrip(":").split(".")[0]
    try:
        with open(f"/tmp/.X{number}-lock", encoding="ascii") as lock:
            return int(lock.read())
    except (OSError, ValueError):
        return None


def cpu_seconds(pid):
    """The processor time that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    """Prints values until nobody reads them any more."""
    pid = server()
    while True:
        print(f"machine.load {os.getloadavg()[0]:.2f}", flush=True)
        if pid:
            print(f"server.cpu {cpu_seconds(pid):.2f}", flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, FileNotFoundError, KeyboardInterrupt):
        pass
