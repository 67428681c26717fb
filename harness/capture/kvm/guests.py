#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Records real guests under an unmodified QEMU with KVM.

usage: guests.py --library LIB --into FOLDER [--packages FOLDER] [--seconds N] [--keep N] [--list]
                 [GUEST...]

Each guest boots for a bounded time; its capture is FOLDER/GUEST.cap.jsonl. Exit codes: 0 all that
could run were recorded, 1 one that ran left no case, 2 usage, 77 there is no usable /dev/kvm, or
nothing could run.
"""

import argparse
import collections
import gzip
import json
import lzma
import os
import pathlib
import signal
import stat
import subprocess
import sys
import time

QEMU = "/usr/bin/qemu-system-x86_64"
SKIPPED = 77
POLL = 0.2      # seconds
LINGER = 3      # seconds after the last marker
INTERNAL_ERROR = "KVM internal error"
XZ = b"\xfd7zXZ\0"

# Text, of the firmware's debug console or the serial line, in the order in which it comes.
SEABIOS = ["SeaBIOS (version", "Found ", "Booting from"]
Guest = collections.namedtuple("Guest", "arguments markers needs seconds")


class Missing(Exception):
    """Why a guest cannot run here."""


def file_of(package, path):
    """A file that a package installs."""
    if not os.path.exists(path):
        raise Missing(f"{path} is missing (package {package})")
    return path


class Workshop:
    """Makes what guests need, in a folder of its own."""

    def __init__(self, folder, packages):
        self.folder = folder
        self.packages = packages
        folder.mkdir(parents=True, exist_ok=True)

    def disk(self):
        path = self.folder / "disk.img"
        path.write_bytes(bytes(range(256)) * 8192)
        return str(path)

    def grub(self):
        """A disk of GRUB's boot sector and, right after it, its core image."""
        modules = file_of("grub-pc-bin", "/usr/lib/grub/i386-pc/boot.img")
        config = self.folder / "grub.cfg"
        config.write_text("serial --unit=0\nterminal_output console serial\n"
                          "echo GRUB runs\nls -l\nlspci\nread_byte 0xb8000\nread_word 0xb8000\n"
                          "read_dword 0xb8000\nwrite_byte 0xb8000 0x41\nhexdump -n 64 (hd0)\n"
                          "echo GRUB is done\nsleep 2\n")
        core = self.folder / "core.img"
        file_of("grub-common", "/usr/bin/grub-mkimage")
        subprocess.run(["grub-mkimage", "-O", "i386-pc", "-p", "/", "-c", config, "-o", core,
                        "biosdisk", "serial", "terminal", "echo", "ls", "lspci", "memrw",
                        "hexdump", "sleep"], check=True, stderr=subprocess.PIPE)
        disk = self.folder / "grub.img"
        image = pathlib.Path(modules).read_bytes()[:512] + core.read_bytes()
        disk.write_bytes(image.ljust(2 << 20, b"\0"))
        return str(disk)

    def unpacked(self, pattern, package):
        found = sorted(self.packages.glob(pattern)) if self.packages else []
        if not found:
            raise Missing(f"no {pattern} in {self.packages} (package {package})")
        return found[-1]

    def kernel(self):
        """The kernel inside the compressed image: an emulated guest would unpack it for minutes."""
        packed = self.unpacked("boot/vmlinuz-*", "linux-image-amd64")
        image = packed.read_bytes()
        start = image.find(XZ)
        if start < 0:
            return str(packed)
        path = self.folder / "vmlinux"
        path.write_bytes(lzma.LZMADecompressor().decompress(image[start:]))
        return str(path)

    def initramfs(self):
        """busybox, the drivers of the devices, and an init that uses them."""
        busybox = self.unpacked("bin/busybox", "busybox-static")
        modules = self.unpacked("lib/modules/*", "linux-image-amd64")
        names = ["libata", "libahci", "ahci", "ata_piix", "scsi_common", "scsi_mod", "sd_mod",
                 "nvme-core", "nvme", "e1000", "virtio", "virtio_ring", "virtio_pci_legacy_dev",
                 "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "usb-common", "usbcore",
                 "uhci-hcd", "ehci-hcd", "ehci-pci", "xhci-hcd", "xhci-pci", "soundcore", "snd",
                 "snd-timer", "snd-pcm", "snd-hwdep", "snd-hda-core", "snd-intel-dspcfg",
                 "snd-hda-codec", "snd-hda-intel"]
        archive = Cpio()
        for name in ("bin", "dev", "proc", "sys", "modules"):
            archive.add(name, b"", stat.S_IFDIR | 0o755)
        archive.add("bin/busybox", busybox.read_bytes(), stat.S_IFREG | 0o755)
        found = []
        for name in names:
            for file in sorted(modules.rglob(name + ".ko")):
                archive.add(f"modules/{file.name}", file.read_bytes(), stat.S_IFREG | 0o644)
                found.append(file.name)
        archive.add("init", self.init(found).encode(), stat.S_IFREG | 0o755)
        path = self.folder / "initramfs.gz"
        path.write_bytes(gzip.compress(archive.finish(), 1))
        return str(path)

    @staticmethod
    def init(modules):
        # Several passes: an order that satisfies all dependencies is not looked for.
        return ("#!/bin/busybox sh\n/bin/busybox --install -s /bin\nmount -t devtmpfs dev /dev\n"
                "mount -t proc proc /proc\nmount -t sysfs sys /sys\necho userspace runs\n"
                + "for pass in 1 2 3; do for m in " + " ".join(modules) +
                "; do insmod /modules/$m 2>/dev/null; done; done\n"
                "sleep 2\ncat /proc/partitions\nip link set eth0 up 2>/dev/null\n"
                "for d in /dev/sd? /dev/vd? /dev/nvme?n1; do dd if=$d of=/dev/null bs=4k count=64 "
                "2>/dev/null; done\nhwclock 2>/dev/null\necho userspace is done\n"
                "sleep 1\npoweroff -f\n")


class Cpio:
    """An archive in the kernel's format (newc)."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0

    def add(self, name, content, mode):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields)
        self.data += name.encode() + b"\0"
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def finish(self):
        self.add("TRAILER!!!", b"", 0)
        return bytes(self.data)


def drives(path, *interfaces):
    arguments = []
    for number, interface in enumerate(interfaces):
        arguments += ["-drive", f"if=none,id=d{number},format=raw,snapshot=on,file={path}",
                      "-device", interface.replace("DRIVE", f"drive=d{number}")]
    return arguments


PC = ["-machine", "pc", "-vga", "std"]
Q35 = ["-machine", "q35", "-vga", "std"]
NET = ["-netdev", "user,id=n0", "-device", "e1000,netdev=n0"]
VARIED = ["-device", "usb-ehci", "-device", "piix3-usb-uhci", "-device", "intel-hda",
          "-device", "hda-duplex,audiodev=a0", "-audiodev", "none,id=a0"]


def seabios_pc(shop):
    return PC + NET + VARIED + drives(shop.disk(), "ide-cd,DRIVE", "virtio-blk-pci,DRIVE")


def seabios_q35(shop):
    return Q35 + ["-device", "qemu-xhci", "-device", "usb-kbd"] + drives(
        shop.disk(), "ide-cd,DRIVE", "nvme,serial=1,DRIVE", "virtio-blk-pci,DRIVE")


def ipxe(_):
    file_of("ipxe-qemu", "/usr/lib/ipxe/qemu/pxe-e1000.rom")
    return PC + NET + ["-boot", "n"]


def grub(machine):
    return lambda shop: machine + ["-drive", f"format=raw,file={shop.grub()}"]


def memtest(bits):
    def arguments(_):
        return PC + ["-kernel", file_of("memtest86+", f"/boot/memtest86+{bits}.bin"),
                     "-append", "console=ttyS0,115200"]
    return arguments


def ovmf(shop):
    code = file_of("ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd")
    variables = shop.folder / "OVMF_VARS.fd"
    variables.write_bytes(pathlib.Path("/usr/share/OVMF/OVMF_VARS_4M.fd").read_bytes())
    return Q35 + NET + ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                        "-drive", f"if=pflash,format=raw,file={variables}"] + drives(
                            shop.disk(), "nvme,serial=1,DRIVE", "ide-hd,DRIVE")


def linux(machine, *interfaces):
    def arguments(shop):
        # Without hardware virtualisation KVM's emulator would meet CMPXCHG16B and XRSTOR, and end.
        return machine + NET + VARIED + drives(shop.disk(), *interfaces) + [
            "-cpu", "qemu64,-cx16", "-kernel", shop.kernel(), "-initrd", shop.initramfs(),
            "-append", "console=ttyS0 earlyprintk=ttyS0 noxsave nokaslr panic=-1 reboot=t"]
    return arguments


LINUX = SEABIOS[:1] + ["Linux version", "Run /init", "userspace runs", "userspace is done"]
GUESTS = {
    "seabios-pc": Guest(seabios_pc, SEABIOS + ["No bootable device"], "seabios", 60),
    "seabios-q35": Guest(seabios_q35, SEABIOS + ["No bootable device"], "seabios", 60),
    "ipxe": Guest(ipxe, SEABIOS + ["Booting from ROM", "No bootable device"], "ipxe-qemu", 90),
    "grub-pc": Guest(grub(PC), SEABIOS + ["GRUB runs", "GRUB is done"], "grub-pc-bin", 150),
    "grub-q35": Guest(grub(Q35), SEABIOS + ["GRUB runs", "GRUB is done"], "grub-pc-bin", 150),
    "memtest32": Guest(memtest("ia32"), SEABIOS[:1] + ["Memtest86+"], "memtest86+", 40),
    "memtest64": Guest(memtest("x64"), SEABIOS[:1] + ["Memtest86+"], "memtest86+", 40),
    "ovmf-q35": Guest(ovmf, ["SecCoreStartup", "PlatformPei", "DXE IPL Entry", "BdsDxe"],
                      "ovmf", 90),
    "linux-pc": Guest(linux(PC, "ide-hd,DRIVE", "virtio-blk-pci,DRIVE"), LINUX,
                      "linux-image-amd64, busybox-static", 240),
    "linux-q35": Guest(linux(Q35, "ide-hd,DRIVE", "nvme,serial=1,DRIVE"), LINUX,
                       "linux-image-amd64, busybox-static", 240),
}


def read(path):
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


class Run:
    """One guest, from start to end."""

    def __init__(self, name, guest, options):
        self.name, self.guest, self.options = name, guest, options
        self.capture = options.into / f"{name}.cap.jsonl"
        self.folder = options.into / "work" / name
        self.console = self.folder / "debugcon.txt"
        self.serial = self.folder / "serial.txt"
        self.errors = self.folder / "stderr.txt"

    def start(self):
        arguments = self.guest.arguments(Workshop(self.folder, self.options.packages))
        file_of("qemu-system-x86", QEMU)
        for file in (self.capture, self.console, self.serial):
            file.unlink(missing_ok=True)
        environment = dict(os.environ, LD_PRELOAD=str(self.options.library),
                           WHV_CAPTURE_PATH=str(self.capture), WHV_CAPTURE_GUEST=self.name,
                           WHV_CAPTURE_VMM=qemu_version(), WHV_CAPTURE_VERBOSE="1",
                           WHV_CAPTURE_KEEP=str(self.options.keep))
        # All interrupt controllers in user space: their registers then exit too.
        command = [QEMU, "-accel", "kvm,kernel-irqchip=off", "-m", "256", "-nodefaults",
                   "-no-reboot", "-display", "none", "-serial", f"file:{self.serial}",
                   "-debugcon", f"file:{self.console}", "-global", "isa-debugcon.iobase=0x402",
                   *arguments]
        with open(self.errors, "w") as errors:
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                    stdout=errors, stderr=errors)

    def reached(self):
        """The markers that were seen; each counts alone, as firmware may skip one."""
        text = read(self.console) + read(self.serial)
        return [marker for marker in self.guest.markers if marker in text]

    def wait(self, process):
        """Returns why the guest was left."""
        limit = self.options.seconds or self.guest.seconds
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                process.wait(POLL)
                return f"QEMU ended with code {process.returncode}"
            except subprocess.TimeoutExpired:
                pass
            if INTERNAL_ERROR in read(self.errors):
                return "KVM cannot emulate an instruction: " + self.stopped_at()
            if self.guest.markers[-1] in self.reached():
                time.sleep(LINGER)
                return "the last marker was seen"
        return f"{limit} seconds have passed"

    def stopped_at(self):
        for line in read(self.errors).splitlines():
            if line.startswith("Code="):
                return line[line.find("<"):][:24]
        return "?"

    def summary(self):
        kept = 0
        reconstructed = 0
        for line in read(self.capture).splitlines():
            event = json.loads(line)
            kept += event.get("cap") == "end"
            reconstructed += event.get("cap") == "begin" and "reconstructed" in event
        said = [line for line in read(self.errors).splitlines() if line.startswith("whvcapture: ")]
        return kept, reconstructed, said


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def qemu_version():
    done = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].replace("emulator version ", "") + " -accel kvm"


def record(name, options):
    """Returns whether cases were kept; None if the guest cannot run."""
    run = Run(name, GUESTS[name], options)
    try:
        process = run.start()
    except Missing as missing:
        print(f"{name}: not recorded: {missing}")
        return None
    try:
        why = run.wait(process)
    finally:
        stop(process)
    kept, reconstructed, said = run.summary()
    reached = run.reached()
    print(f"{name}: {kept} cases, {reconstructed} with a reconstructed state before")
    print(f"    got as far as: {reached[-1] if reached else 'nothing that says so'}; {why}")
    for line in said:
        print(f"    {line}")
    sys.stdout.flush()
    return kept > 0


def why_no_kvm(device):
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"{device}: {error.strerror}"
    return None


def main():
    parser = argparse.ArgumentParser(
        usage="./dev capture [--seconds N] [--keep N] [--list] [GUEST...]")
    parser.add_argument("--library", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--packages", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--device", default="/dev/kvm", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, help="time for each guest (default: its own)")
    parser.add_argument("--keep", type=int, default=8, help="first cases of a kind (default: 8)")
    parser.add_argument("--list", action="store_true", help="the guests, with what they need")
    parser.add_argument("guests", nargs="*", metavar="GUEST", help="default: all")
    options = parser.parse_args()
    unknown = [name for name in options.guests if name not in GUESTS]
    if unknown:
        parser.error(f"no such guest: {', '.join(unknown)} (there are {', '.join(GUESTS)})")
    if options.list:
        for name, guest in GUESTS.items():
            print(f"{name:12} {guest.seconds:4} s  {guest.needs}")
        return 0
    reason = why_no_kvm(options.device)
    if reason:
        print(f"nothing is recorded: {reason}")
        return SKIPPED
    options.into = options.into.resolve()
    options.library = options.library.resolve()
    results = [record(name, options) for name in options.guests or GUESTS]
    if False in results:
        return 1
    return 0 if True in results else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
