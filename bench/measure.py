"""Runs the rows of the benchmark one after the other, prints a table and writes results.json.

The figures are of this machine, and of nothing else that runs on it: the load average before and after
stands beside them. Every process that is started here is waited for, and killed by its id if it must be.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import secrets
import subprocess
import sys
import threading

ROW_SECONDS_MAX = 120
STEP_SECONDS_MAX = 60
IDLE_CLIENTS = (1, 5000, 15000)
SERVER_CORE, GENERATOR_CORE = 0, 1

CONFIGURATION = """
[server]
listen = ["127.0.0.1:0"]
shards = 1
[[endpoint]]
profile = "orion"
"""


class Failure(Exception):
    pass


def fan_out(build, *arguments):
    """The rows of one run of fan_out, which is one gateway with one set of clients."""
    cores = min(os.cpu_count() or 1, 2)
    command = [build / "fan_out", "--core", SERVER_CORE,
               "--generator-core", GENERATOR_CORE % cores, *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, timeout=ROW_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise Failure(f"fan_out ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def child(command, **options):
    """A process that is gone when the block is left."""
    process = subprocess.Popen([str(word) for word in command], text=True, **options)
    watchdog = threading.Timer(STEP_SECONDS_MAX * 2, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def ready_port(server):
    for line in server.stderr:
        entry = json.loads(line)
        if entry.get("message", entry.get("msg")) == "ready":
            return int(entry["listen"].rsplit(":", 1)[1])
    raise Failure("carillon did not become ready")


def ask(generator, command):
    generator.stdin.write(command + "\n")
    generator.stdin.flush()
    line = generator.stdout.readline()
    if not line:
        raise Failure("the load generator is gone")
    return json.loads(line)


def memory_of(pid):
    """Resident and private bytes of a process."""
    resident = private = 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            resident = int(line.split()[1]) * 1024
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            private += int(line.split()[1]) * 1024
    return resident, private


def settled_memory_of(pid):
    """Once it has stood still for a second: the last handshakes are over, and what they took is freed."""
    pause = threading.Event()
    last, still = None, 0
    for _ in range(STEP_SECONDS_MAX * 4):
        memory = memory_of(pid)
        still = still + 1 if memory == last else 0
        if still == 4:
            return memory
        last = memory
        pause.wait(0.25)
    raise Failure("the gateway's memory does not come to rest")


def idle_memory(build):
    """What an idle connection costs: the slope between two numbers of them, so that what the process costs
    without any does not count. All of them share a token, as a page with one service token does."""
    configuration = build / "bench.toml"
    configuration.write_text(CONFIGURATION)
    environment = {"CARILLON_JWT_SECRET": secrets.token_hex(32), "PATH": os.environ.get("PATH", "")}
    token = subprocess.run([build / "carillon", "token"], env=environment, stdout=subprocess.PIPE, text=True,
                           check=True).stdout.strip()
    serve = [build / "carillon", "serve", "--config", configuration]
    with child(serve, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
               preexec_fn=raise_descriptor_limit) as server:
        port = ready_port(server)
        threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
        generate = [build / "load_generator", "--port", port]
        with child(generate, env={"CARILLON_TOKEN": token}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as generator:
            seen = []
            for clients in IDLE_CLIENTS:
                answer = ask(generator, f"connect {clients}")
                if answer["connected"] != clients:
                    raise Failure(f"only {answer['connected']} of {clients} clients connected")
                seen.append(settled_memory_of(server.pid))
    return {"row": "idle", "clients": list(IDLE_CLIENTS), "resident_bytes": [each[0] for each in seen],
            "private_bytes": [each[1] for each in seen], "resident_a_connection": slope(seen, 0, since=1),
            "private_a_connection": slope(seen, 1, since=1), "resident_a_connection_from_one": slope(seen, 0, since=0)}


def slope(seen, which, since):
    return (seen[-1][which] - seen[since][which]) / (IDLE_CLIENTS[-1] - IDLE_CLIENTS[since])


def raise_descriptor_limit():
    import resource  # only in the child
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True,
                            check=False).stdout.strip()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "commit": commit}


def spread(values, digits=2):
    return f"{values['median']:.{digits}f} ({values['min']:.{digits}f}-{values['max']:.{digits}f})"


def print_table(results):
    print(f"\n{results['machine']['cpu']}, {results['machine']['cores']} cores, Linux {results['machine']['kernel']}, "
          f"load {results['load_before'][0]:.1f} before, {results['load_after'][0]:.1f} after")
    print("\nCPU µs a delivery, median (min-max)")
    print(f"{'clients':>8} {'pending':>8} {'engine':>24} {'bare send loop':>24} {'floor/engine':>13} {'of pairs':>18}")
    for row in (each for each in results["rows"] if each["row"] == "floor"):
        print(f"{row['clients']:>8} {row['pending']:>8} {spread(row['engine_cpu_us']):>24} "
              f"{spread(row['floor_cpu_us']):>24} {row['ratio']:>13.3f} {spread(row['ratio_of_pairs']):>18}")
    print(f"\n{'clients':>8} {'events/s':>9} {'deliveries/s':>13} {'events/write':>13} {'CPU µs':>8} {'lost':>6}")
    for row in (each for each in results["rows"] if each["row"] == "rate"):
        print(f"{row['clients']:>8} {row['events_per_s']:>9} {row['deliveries_per_s']:>13,.0f} "
              f"{row['events_a_write']:>13.1f} {row['cpu_us']:>8.3f} {row['lost']:>6}")
    for row in (each for each in results["rows"] if each["row"] == "idle"):
        print(f"\nidle connection: {row['resident_a_connection']:.0f} B resident, "
              f"{row['private_a_connection']:.0f} B private (slope from {row['clients'][1]:,} to {row['clients'][2]:,}); "
              f"{row['resident_a_connection_from_one']:.0f} B from {row['clients'][0]} to {row['clients'][2]:,}, "
              "what handshakes leave behind included")


def measure(build, quick):
    results = {"machine": machine(), "quick": quick, "load_before": os.getloadavg(), "rows": []}
    rows = results["rows"]
    pairs = {1000: 8 if quick else 120, 10000: 8 if quick else 48}
    for clients in pairs:
        print(f"bench: {clients} clients, engine and floor in turns", file=sys.stderr)
        rows += fan_out(build, "--clients", clients, "--pending", 1, 16, "--pairs", pairs[clients])
    print("bench: 10000 clients, 100 and 500 events/s", file=sys.stderr)
    rows += fan_out(build, "--clients", 10000, "--rates", 100, 500, "--seconds", 3 if quick else 10)
    print("bench: idle connections", file=sys.stderr)
    rows.append(idle_memory(build))
    results["load_after"] = os.getloadavg()
    return results


def main():
    parser = argparse.ArgumentParser(description="Runs all rows of the benchmark.")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rows")
    arguments = parser.parse_args()
    try:
        results = measure(arguments.build.resolve(), arguments.quick)
    except (Failure, subprocess.SubprocessError) as failure:
        sys.exit(f"bench: {failure}")
    (arguments.build / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print_table(results)
    if any(row.get("lost", 0) or row.get("clients_lost", 0) for row in results["rows"]):
        sys.exit("bench: events or clients were lost")


if __name__ == "__main__":
    main()
