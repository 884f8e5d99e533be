"""Proves that the simulator finds bugs: applies each of these mutations to a copy of the tree, builds the
simulator from it, and expects one of the first 500 seeds to fail.

    mutations.py [NAME...]     NAME: only mutations whose name holds one of the words
"""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutations"
SEEDS = 500
SOURCES = ("src", "tests", "bench", "cmake", "profiles", "CMakeLists.txt", "CMakePresets.json")

# (name, pattern in one file of src/, what takes its place). The pattern must occur exactly once, so that a
# mutation whose code has moved or changed fails loudly.
MUTATIONS = (
    ("cursor one too far after a short write",
     r"(of_frames -= std::min\(of_frames, frame\.size\(\)\);\n\s*\+\+counters_\.sent\[subscriber\.group\]\.deliveries;\n    \})",
     r"\1\n    if (cursor != segment.end) ++cursor;"),
    ("one entry trimmed too many",
     r"if \(needed < log\.events\.size\(\)\) drop_until\(log, log\.events\.head\(\) - needed\);",
     "if (needed > 0) --needed;\n  if (needed < log.events.size()) drop_until(log, log.events.head() - needed);"),
    ("batch number not compared", r"expect_batch\(batch\.number\);", ""),
    ("was slow never cleared", r"subscriber\.was_slow = false;", ""),
    ("subscribing at the tail instead of the head",
     r"log\.members\.join\(id, log\.events\.head\(\)\)", "log.members.join(id, log.events.tail())"),
    ("outbox sent after events",
     r"  visit\.add_outbox\(subscriber\.outbox\.get\(\)\);\n(  const Replay\* .*?\n  // Begin where .*?\n  \}\n)(  return true;)",
     r"\1  visit.add_outbox(subscriber.outbox.get());\n\2"),
    ("generation not compared",
     r"const bool same = connection\.generation == \(generation & kGenerationMask\);",
     "const bool same = (generation & ~kGenerationMask) == 0;"),
    ("mask ignored in the mixed log",
     r"return logs_\[log\]\.mixed \? masks_\.at\(log\)\.at\(id\) : kAllTags;",
     "return id == kNoSubscriber ? masks_.at(log).at(id) : kAllTags;"),
    ("pong deadline not re-armed",
     r"if \(keepalive\.timeout\) connection\.pong_due_ms = wrapping_ms\([\w.()]+\) \+ ms_of\(\*keepalive\.timeout\);\n"
     r"(  connection\.pong_awaited)", r"\1"),
    ("drain skips paused clients",
     r"(bool ShardDrain::close_if_open\(std::uint32_t index\) \{\n  if \(clients_\[index\]\.state != State::open)",
     r"\1 || clients_[index].paused"),
    ("floor not raised on eviction", r"channel\.floor = evicted->number\(\);", ""),
    ("answer that forgets the open batch",
     r"(void ResumeDesk::answer\(const .*?\{\n)  router_\.on_batch_end\(\);\n", r"\1"),
    ("reading that begins one event too late",
     r"if \(record->number\(\) <= query\.number\) break;",
     "if (record->number() <= query.number + 1) break;"),
    ("recovered although the reading was cut",
     r"(if \(is_too_old\(\*record, rule_of\(channel\), now\)\)) return tl::unexpected\(NotRecovered::evicted\);",
     r"\1 break;"),
    ("recovered over a gap of the bus", r"history_\.note_gap\(last_\.event\);", ""),
    ("gap given as the reason where the floor of the store is meant",
     r"(raise_folded_floor)\(channel\.floor\);", "raise_floor(channel.floor);"),
    ("evicted although no limit has forced it",
     r"channel\.floor = folded_floor_;", "channel.floor = highest_ - 1;"),
    ("ping with a position while events wait",
     r" \|\| fan_out_\.backlog_bytes\(index\) != 0\)", ")"),
    ("events sent before those that were missed",
     r"if \(replay (&& replay->is_before_gap\(notices_\.next_gap)", r"if (false \1"),
    ("position that is ahead not waited for",
     r"(answer_waiting\(\) \{.*?) && loop_\.now\(\) < each\.until\)", r"\1 && false)"),
    ("client that hardly takes what it missed not closed",
     r"bool Replay::is_too_slow\(std::uint32_t ms_max, std::uint32_t now_ms\) const \{\n",
     r"\g<0>  if (ms_max > 0) return false;\n"),
    ("gap of the bus reported before the events from before it",
     r"if \(\*what == Notice::gap && has_events_before_gap\(subscriber\)\) return false;", ""),
    ("events from after a gap of the bus sent before its frame", r"\} else if \(!subscriber\.owed\.gap\) \{",
     "} else if (id != kNoSubscriber) {"),
    ("clients that receive nothing not told of a gap of the bus", r"walking_ = true;", "walking_ = false;"),
    ("bus back before its gap is reported",
     r"  if \(owed\.gap\) return Notice::gap;\n(  if \(!is_degraded_ && owed\.told_degraded\) return Notice::restored;\n)",
     r"\1  if (owed.gap) return Notice::gap;\n"),
    ("second gap of the bus that takes the place of the first", r"\} else if \(gaps_owed_ == 0\) \{",
     "} else if (gaps_owed_ + 1 > 0) {"),
    ("records that are too old not freed", r"history_\.expire\(loop_\.wall_now\(\)\);", ""),
    ("position of a refused batch not noted", r"last_event_ = std::max\(last_event_, last_event\);", ""),
)


def places_of(pattern, root):
    """(file, its text) for each place of the pattern in the sources below `root`."""
    found = []
    for path in sorted((root / "src").rglob("*.cc")):
        text = path.read_text()
        found += [(path, text)] * len(re.findall(pattern, text, re.S))
    return found


def mutate(pattern, replacement):
    """The mutated file and its text before; None unless the pattern occurs exactly once."""
    found = places_of(pattern, COPY)
    if len(found) != 1:
        return None
    path, text = found[0]
    path.write_text(re.sub(pattern, replacement, text, flags=re.S))
    return path, text


def run(command, timeout_s):
    return subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout_s, check=False)


def build():
    built = run(["cmake", "--build", "build/release", "--target", "simulation"], 1800)
    if built.returncode != 0:
        print(built.stdout[-2000:])
    return built.returncode == 0


def copy_tree():
    for name in SOURCES:
        source, target = ROOT / name, COPY / name
        if target.is_dir():
            shutil.rmtree(target)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return run(["cmake", "--preset", "release", "-DCARILLON_TESTS=OFF"], 300).returncode == 0


def judge(name, pattern, replacement):
    """Whether the simulator finds this mutation."""
    changed = mutate(pattern, replacement)
    if changed is None:
        print(f"FAIL {name}: its code is not found exactly once in src/: adapt the pattern")
        return False
    path, before = changed
    try:
        if not build():
            print(f"FAIL {name}: does not build")
            return False
        finished = run([COPY / "build" / "release" / "simulation", "--seeds", str(SEEDS)], 1200)
    finally:
        path.write_text(before)
    line = next((line for line in finished.stdout.splitlines() if line.startswith("seed ")), "not found")
    print(f"{'ok  ' if finished.returncode != 0 else 'FAIL'} {name}: {line[:160]}", flush=True)
    return finished.returncode != 0


def main(words):
    if not copy_tree():
        print("the copy of the tree cannot be configured")
        return 1
    chosen = [each for each in MUTATIONS if not words or any(word in each[0] for word in words)]
    found = sum(judge(*each) for each in chosen)
    print(f"{found} of {len(chosen)} mutations found")
    return 0 if found == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
