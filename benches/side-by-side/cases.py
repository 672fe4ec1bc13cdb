"""The cases of the table. Each measures the program, most of them beside notation or a bare request, in the same run."""

import os

from measuring import (
    Scene, bare_gets, envelope_ratios, envelope_seconds, instructions, median, notation_binary, ours, ours_one, peak_memory, start_up,
    theirs,
)
from signer import SignerScene, build_emulator

DELAYS = [0, 25, 100]

# notation is measured up to so many images; above that its figure is as many times as large.
MOST_OF_NOTATION = 1000


def one_image(table, program, times):
    with Scene(1) as scene:
        scene.set(25)

        def cold():
            scene.forget()
            return ours_one(scene, program)

        found = median(times, cold)
        table.add("1 image, 25 ms, by digest, cold: times four delays", found.seconds / 0.1, most=1.1)
        table.add("1 image: memory", peak_memory(scene, program), "{:.0f} MiB")
        table.add("1 image: memory of notation", peak_memory(scene, notation_binary()), "{:.0f} MiB")


def fifty_images(table, program, times):
    with Scene(50) as scene:
        def cold():
            scene.forget()
            return ours(scene, program, 50)

        scene.set(25)
        fifty = median(times, cold)
        table.add("50 images, 25 ms, cold, one process: times four delays", fifty.seconds / 0.1, most=1.6)
        other = median(times, lambda: theirs(scene, 50))
        table.add("50 images, 25 ms, notation by `xargs -P10`: times as long", other.seconds / fifty.seconds, "{:.1f}", least=5)
        cold()
        warm = median(times, lambda: ours(scene, program, 50))
        bound = 1.4 * 0.025 + 50 * envelope_seconds(scene) / os.cpu_count()
        table.add("50 images, 25 ms, warm, by digest: times one delay", warm.seconds / 0.025)
        table.add("50 known images, 25 ms: of 1.4 delays and the envelopes", warm.seconds / bound, most=1)
        table.add("50 known images, 25 ms: requests an image", warm.counts["requests"] / 50, most=2)
        scene.set(0)
        fifty = median(times, cold)
        other = median(times, lambda: theirs(scene, 50))
        table.add("50 images, 0 ms, notation by `xargs -P10`: times as long", other.seconds / fifty.seconds, "{:.1f}", least=12)
        table.add("50 images, 0 ms, CPU time of notation: times as much", other.cpu / fifty.cpu, "{:.1f}")
        warm = median(times, lambda: ours(scene, program, 50))
        table.add("50 known images, 0 ms, notation: times as long", other.seconds / warm.seconds, "{:.1f}")


def untrusted_first(table, program, times):
    for format in ["jws", "cose"]:
        with Scene(10, "-untrusted", "5", "-format", format) as scene:
            scene.set(25)

            def cold():
                scene.forget()
                return ours(scene, program, 10)

            mine, other = (median(times, run) for run in [cold, lambda: theirs(scene, 10)])
            case = f"10 images ({format.upper()}), five untrusted signatures before the good one, 25 ms, cold, notation: times as long"
            table.add(case, other.seconds / mine.seconds, "{:.1f}")


def thousand_images(table, program, times):
    with Scene(1000) as scene:
        scene.set(25)
        found = median(times, lambda: ours(scene, program, 1000, "--no-content-cache"))
        table.add("1,000 images, 25 ms: images a second", 1000 / found.seconds, "{:.0f}", least=600)
        table.add("1,000 images, 25 ms: requests an image", found.counts["requests"] / 1000, most=5)
        table.add("1,000 images, 25 ms: connections", found.counts["connections"], "{}")
        table.add("1,000 images, 25 ms: requests at a time", found.counts["peak"], "{}")
        table.add("1,000 images, 25 ms: memory", found.memory, "{:.0f} MiB")
        table.add("1,000 images, 25 ms: CPU an image", found.cpu * 1e3, "{:.0f} us")
        for delay in [0, 5, 10, 25, 50, 100]:
            scene.set(delay)
            for most in [8, 32, 128]:
                found = ours(scene, program, 1000, "--no-content-cache", "--concurrency", str(most))
                table.rates.append((delay, most, 1000 / found.seconds))


def ten_thousand_images(table, program, times):
    for key in ["p256", "p384", "rsa2048"]:
        with Scene(10_000, "-key", key) as scene:
            ours(scene, program, 10_000)
            found = median(max(1, times // 2), lambda: ours(scene, program, 10_000))
            get = median(times, lambda: bare_gets(scene, 20_000)).cpu / 20_000
            envelope = envelope_seconds(scene)
            each, bound = found.cpu / 10_000, envelope + 2.5 * get
            case = f"10,000 images ({key.upper()}), 0 ms, warm"
            table.add(f"{case}: CPU an image", each * 1e6, "{:.0f} us")
            table.add("an envelope" + f" ({key.upper()})", envelope * 1e6, "{:.0f} us")
            table.add("a bare GET" + f" (beside {key.upper()})", get * 1e6, "{:.0f} us")
            table.add(f"{case}: CPU an image, of an envelope and 2.5 bare GETs", each / bound, most=1)
            table.add(f"{case}: images a second", 10_000 / found.seconds, "{:.0f}")
            table.add(f"{case}: memory", found.memory, "{:.0f} MiB")
            counted = instructions(scene, program)
            if counted is not None:
                table.add(f"{case}: instructions an image, in thousands, the kernel's apart", counted / 1e3, "{:.0f}")


def hundred_thousand_references(table, program, _times):
    with Scene(1000) as scene:
        listed = scene.list.read_text()
        scene.list.write_text(listed * 100)
        found = ours(scene, program, 100_000)
        table.add("100,000 references: memory", found.memory, "{:.0f} MiB", most=64)


def every_number_and_delay(table, program, _times):
    for images in [1, 50, 1000, 10_000]:
        with Scene(images) as scene:
            for delay in DELAYS:
                scene.set(delay)
                scene.forget()
                for who in ["cold", "warm"]:
                    table.add_seconds(images, delay, who, ours(scene, program, images).seconds)
                if images <= MOST_OF_NOTATION:
                    table.add_seconds(images, delay, "notation", theirs(scene, images).seconds)


def envelopes(table, _program, _times):
    for kind, ratio in envelope_ratios().items():
        table.add(f"one envelope, {kind}: of notation-core-go's time", ratio, most=0.5)


def signer(table, program, times):
    with SignerScene(build_emulator(), program, 50) as scene:
        scene.set(25)
        signing = scene.sign(program)
        found = median(times, lambda: scene.verify(program))
        table.add("AWS Signer, 50 images of one profile and chain, 25 ms: times five delays", found.seconds / 0.125, most=1.6)
        table.add("AWS Signer, 50 images: CPU an image", found.cpu / 50 * 1e6, "{:.0f} us")
        table.add("signing of 50 with AWS Signer, which allows 10 a second", signing.seconds, "{:.2f} s")


def starting(table, program, _times):
    for arguments in [["get-plugin-metadata"], ["version"], ["--help"]]:
        table.add(f"`{arguments[0]}`: times a Rust program that only prints", start_up(program, *arguments), most=1.5)
    for argument in ["version", "--help"]:
        table.add(f"`notation {argument}`: times the same", start_up(notation_binary(), argument))
    table.add("the program", program.stat().st_size / 1e6, "{:.1f} MB")


CASES = [
    one_image, fifty_images, untrusted_first, thousand_images, ten_thousand_images, hundred_thousand_references,
    every_number_and_delay, envelopes, signer, starting,
]
