"""Builds the programs, starts the registry, and runs one command at a time."""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = HERE / ".cache"


TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def build():
    """The program as it is released."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    return TARGET / "release" / "countersign"


def build_scene():
    """The registry."""
    CACHE.mkdir(exist_ok=True)
    subprocess.run(["go", "build", "-o", CACHE / "scene", "./scene"], cwd=HERE, check=True)


def build_peers():
    """The registry, notation's client and a bare GET."""
    build_scene()
    client = "github.com/notaryproject/notation/cmd/notation"
    subprocess.run(["go", "build", "-o", CACHE / "notation", client], cwd=HERE / "notation", check=True)
    # With the crates of the library, whatever their files are called.
    command = ["cargo", "build", "--profile", "quick", "--lib", "--locked", "--quiet", "--message-format", "json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    files = {}
    for line in map(json.loads, built.splitlines()):
        if line["reason"] == "compiler-artifact":
            for file in line["filenames"]:
                if file.endswith(".rlib"):
                    files[line["target"]["name"].replace("-", "_")] = file
    crates = [f"--extern={name}={files[name]}" for name in ["countersign", "futures_util", "tokio", "url"]]
    for source in [HERE / "get.rs", HERE / "envelope.rs", HERE / "startup.rs"]:
        compile = ["rustc", "--edition=2024", "-Copt-level=3", "-Cpanic=abort", "-o", CACHE / source.stem, source]
        subprocess.run([*compile, *crates, f"-Ldependency={TARGET / 'quick' / 'deps'}"], check=True)


def new_home():
    """A home directory in memory, if the machine has one: what a disk takes to make a file depends on what others removed there."""
    memory = pathlib.Path("/dev/shm")
    directory = memory if os.access(memory, os.W_OK) else None
    return pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-", dir=directory))


class Scene:
    """A registry of signed images, and a home directory that trusts their signer."""

    def __init__(self, images, *flags):
        self.home = new_home()
        self.list = self.home / "images.txt"
        config = self.home / ".config" / "notation"
        command = [CACHE / "scene", "-images", str(images), "-config", config, "-list", self.list, *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.host = self.process.stdout.readline().strip()
        self.environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
        }

    def __enter__(self):
        return self

    def envelope(self):
        """The envelope of the first image, in a directory of its own."""
        directory = self.home / "envelopes"
        directory.mkdir(exist_ok=True)
        (directory / "signature.jws").write_bytes(self.get("envelope"))
        return directory

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home)

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.host}/scene/{path}") as answer:
            return answer.read()

    def set(self, delay, **others):
        """Adds so many milliseconds to each request."""
        query = "".join(f"&{name}={value}" for name, value in others.items())
        self.get(f"set?delay={delay}ms{query}")

    def counts(self):
        return json.loads(self.get("counts?reset=1"))

    def references(self, count):
        return self.list.read_text().splitlines()[:count]

    def forget(self):
        """Takes the caches away. They are not removed before the end: on a disk with ext4 a file is made slowly for minutes after
        others were removed."""
        cache = self.home / ".cache"
        if cache.exists():
            cache.rename(self.home / f"forgotten-{len(list(self.home.glob('forgotten-*')))}")


class Measured:
    """One run: wall time, CPU time with its children (seconds), peak memory (MiB), what the registry counted."""

    def __init__(self, seconds, cpu, memory, counts):
        self.seconds, self.cpu, self.memory, self.counts = seconds, cpu, memory, counts


def measure(scene, command, stdin=None):
    scene.counts()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=scene.environment, text=True, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    if stdin:
        process.stdin.write(stdin)
        process.stdin.close()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode:
        sys.exit(f"{[str(part) for part in command[:3]]} ended with {process.returncode}: {errors[-500:]}")
    return Measured(seconds, cpu, usage.ru_maxrss / 1024, scene.counts())


def resident(pid):
    """The memory of a running program (MiB)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def peak_memory(scene, program):
    """The most memory (MiB) of a process that verifies the first image: looked at until it ends, as what the system says of an ended
    process counts this one's memory before the program began."""
    command = [program, "verify", "--insecure-registry", scene.references(1)[0]]
    process = subprocess.Popen(command, env=scene.environment, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            started = os.readlink(f"/proc/{process.pid}/exe") == str(program)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue
        found = re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)
        if started and found:
            peak = max(peak, int(found[1]) / 1024)
    return peak


def descriptors(pid):
    """How many files and connections it has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def median(times, run):
    """The run of median wall time."""
    found = sorted((run() for _ in range(times)), key=lambda one: one.seconds)
    return found[len(found) // 2]


def ours(scene, program, count, *flags):
    command = [program, "verify", "--insecure-registry", "--references-from", "-", *flags]
    return measure(scene, command, "\n".join(scene.references(count)) + "\n")


def ours_one(scene, program):
    return measure(scene, [program, "verify", "--insecure-registry", scene.references(1)[0]])


def envelope_seconds(scene):
    """What verifying the envelope of the first image takes by itself, as `envelope.rs` measures it."""
    found = subprocess.run([CACHE / "envelope", scene.envelope()], check=True, stdout=subprocess.PIPE, text=True)
    return int(found.stdout.split()[1]) / 1e9


def start_up(program, *arguments):
    """How many times as long as a program that only prints."""
    with tempfile.TemporaryDirectory() as directory:
        request = pathlib.Path(directory) / "request"
        request.write_text("{}")
        plugin = pathlib.Path(directory) / "notation-com.amazonaws.signer.notation.plugin"
        shutil.copy(program, plugin)
        started = plugin if arguments[0] == "get-plugin-metadata" else program
        found = subprocess.run([CACHE / "startup", started, request, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return float(found.stdout.split()[-1])


def notation_binary():
    """notation's client."""
    return CACHE / "notation"


def instructions(scene, program):
    """Instructions an image, without those of the start; nothing where they cannot be counted. A processor counts them itself
    where the machine lets it, and else valgrind does, if it is there."""
    counted = [count_instructions(scene, program, count) for count in [50, 250]]
    return None if None in counted else (counted[1] - counted[0]) / 200


def count_instructions(scene, program, count):
    command = [program, "verify", "--insecure-registry", "--references-from", "-"]
    lines = "\n".join(scene.references(count)) + "\n"
    with tempfile.NamedTemporaryFile("r") as found:
        for counter, pattern in [
            (["perf", "stat", "-x,", "-e", "instructions:u", "-o", found.name], r"^(\d+),.*instructions"),
            (["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={found.name}"], r"Collected : (\d+)"),
        ]:
            if not shutil.which(counter[0]):
                continue
            subprocess.run(
                [*counter, *command], env=scene.environment, text=True, input=lines,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            match = re.search(pattern, pathlib.Path(found.name).read_text(), re.MULTILINE)
            if match:
                return int(match[1])
    return None


def envelope_ratios():
    """The time of each kind of envelope, as a part of notation-core-go's: `benches/envelope` has the two take turns."""
    found = subprocess.run([ROOT / "benches" / "envelope"], stdout=subprocess.PIPE, text=True).stdout
    lines = [line.split() for line in found.splitlines()[1:]]
    return {line[0]: float(line[-1]) for line in lines}


def bare_gets(scene, count):
    """As many times the manifest of the first image, and nothing else."""
    host, rest = scene.references(1)[0].split("/", 1)
    repository, digest = rest.split("@")
    return measure(scene, [CACHE / "get", f"http://{host}/v2/{repository}/manifests/{digest}", str(count)])


def theirs(scene, count):
    """notation in a process for each image, ten at a time, as pipelines start it."""
    command = ["xargs", "-P10", "-n1", CACHE / "notation", "verify", "--insecure-registry"]
    return measure(scene, command, "\n".join(scene.references(count)) + "\n")
