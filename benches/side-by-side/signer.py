"""AWS Signer: the emulator in a process of its own, and images in its registry that it signed."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import urllib.request

from measuring import ROOT, TARGET, measure, new_home

PROFILE = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/bench"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def build_emulator():
    """As it is measured: optimised."""
    command = ["cargo", "build", "--profile", "quick", "--locked", "--quiet", "--package", "countersign-emulator"]
    subprocess.run(command, cwd=ROOT, check=True)
    return TARGET / "quick" / "countersign-emulator"


class SignerScene:
    """AWS on loopback, a home directory that trusts its root, and images that are not signed yet."""

    def __init__(self, emulator, program, images):
        self.home = new_home()
        data = self.home / "aws"
        command = [emulator, "--listen", "127.0.0.1:0", "--data-dir", data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
        self.environment = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        for line in (data / "env").read_text().splitlines():
            if line.startswith("export "):
                name, value = line.removeprefix("export ").split("=", 1)
                self.environment[name] = value.strip("'\"")
        self.url = self.environment["AWS_ENDPOINT_URL"]
        self.root = data / "root.crt"
        self.images = [self.push(number) for number in range(images)]
        self.run(program, "profile", "create", "bench", "--yes")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home)

    def request(self, method, path, body, media_type):
        request = urllib.request.Request(f"{self.url}{path}", body, {"Content-Type": media_type}, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def push(self, number):
        """An image; ten are in a repository."""
        name, empty = f"app{number // 10}", hashlib.sha256(b"{}").hexdigest()
        blob = {"mediaType": EMPTY, "digest": f"sha256:{empty}", "size": 2}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob, "layers": [blob], "annotations": {"n": str(number)}}
        manifest = json.dumps(manifest).encode()
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        self.request("POST", f"/v2/{name}/blobs/uploads/?digest=sha256:{empty}", b"{}", "application/octet-stream")
        self.request("PUT", f"/v2/{name}/manifests/{digest}", manifest, MANIFEST)
        return f"{self.url.removeprefix('http://')}/{name}@{digest}"

    def set(self, delay):
        """Each request, of the registry and of AWS, waits for so many milliseconds."""
        fault = json.dumps({"fault": "latency", "milliseconds": delay}).encode()
        self.request("POST", "/_emulator/faults", fault, "application/json")

    def counts(self):
        """The emulator does not count; see `Scene.counts`."""
        return {}

    def run(self, program, *arguments, stdin=None):
        return measure(self, [program, *arguments], stdin)

    def sign(self, program):
        flags = ["--insecure-registry", "--signing-profile", PROFILE, "--references-from", "-"]
        return self.run(program, "sign", *flags, stdin="\n".join(self.images) + "\n")

    def verify(self, program):
        flags = ["--insecure-registry", "--signing-profile", PROFILE, "--trust-anchor", self.root, "--no-content-cache"]
        return self.run(program, "verify", *flags, "--references-from", "-", stdin="\n".join(self.images) + "\n")
