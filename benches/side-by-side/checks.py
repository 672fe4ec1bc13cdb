"""What is checked without a clock: counts of requests, and that memory and descriptors stay as they are."""

import subprocess
import time

from measuring import Scene, descriptors, ours, ours_one, resident


def counts(program):
    """Holds the program to its counts, whatever the machine does: requests of each case, and the most connections and requests at
    a time. True if one is wrong."""
    wrong = False

    def check(case, found, requests, connections, peak):
        nonlocal wrong
        found = found.counts
        holds = found["requests"] == requests and found["connections"] <= connections and found["peak"] <= peak
        wrong |= not holds
        print(f"{'ok' if holds else 'WRONG'}: {case}: {found}; wanted {requests} requests, at most {connections} connections, {peak} at a time")

    with Scene(50) as scene:
        scene.set(5)
        check("1 image", ours_one(scene, program), 5, 4, 2)
        # Two steps need a connection of the registry for each request, and the envelopes come from another host.
        check("50 images", ours(scene, program, 50), 250, 160, 110)
        check("50 images again", ours(scene, program, 50), 100, 110, 110)
        check("50 images, 4 at a time", ours(scene, program, 50, "--concurrency", "4"), 100, 10, 8)
    with Scene(1, "-untrusted", "5") as scene:
        scene.set(5)
        # Three requests for each signature, and no more than the next eight beside the one whose turn it is.
        check("1 image, five untrusted signatures before the good one", ours_one(scene, program), 2 + 3 * 6, 15, 9)
    with Scene(1000) as scene:
        scene.set(5)
        check("1,000 images", ours(scene, program, 1000, "--no-content-cache"), 5000, 520, 512)
    return wrong


def soak(program, minutes):
    """Verifies as fast as it can for so long, and watches memory and descriptors. True if either grows."""
    samples = []
    with Scene(1000) as scene:
        references = ("\n".join(scene.references(1000)) + "\n").encode()
        command = [program, "verify", "--insecure-registry", "--references-from", "-"]
        process = subprocess.Popen(command, env=scene.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        begun = time.monotonic()
        ends, next_sample, images = begun + minutes * 60, begun, 0
        while time.monotonic() < ends:
            # The program reads no further than it verifies, so this waits for it.
            process.stdin.write(references)
            process.stdin.flush()
            images += 1000
            if time.monotonic() >= next_sample:
                samples.append((resident(process.pid), descriptors(process.pid)))
                next_sample += 5
        process.stdin.close()
        code = process.wait()
    # The first minute fills what is kept.
    settled = samples[12:] or samples
    first, last = settled[: len(settled) // 2], settled[len(settled) // 2 :]
    grows = False
    for at, what in enumerate(["MiB of memory", "descriptors"]):
        before, after = (max(sample[at] for sample in half) for half in [first, last])
        grows |= after > before * 1.1 + 4
        print(f"{what}: at most {before:.0f} in the first half, {after:.0f} in the second")
    print(f"{images} images in {minutes:g} minutes, {images / (time.monotonic() - begun):.0f} a second; exit code {code}")
    return grows or code != 0
