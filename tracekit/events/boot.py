"""Who is booting: banner, command line, machine, processors, log buffer, KASLR."""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event


@event("linux_version")
class LinuxVersion(Event, frozen=True):
    """The banner; ``banner`` is what follows the release: builder, compiler, build."""

    release: str
    banner: str = ""


@event("command_line")
class CommandLine(Event, frozen=True):
    """The kernel's command line, as printed by setup_arch or start_kernel."""

    cmdline: str = ""


@event("machine_model")
class MachineModel(Event, frozen=True):
    """The machine by the name that its firmware or board file gives."""

    model: str


@event("booting_cpu", "booting_hart")
class BootingCpu(Event, frozen=True):
    """The processor that boots (arm and arm64 smp_setup_processor_id, riscv's hart).

    ``midr`` is the main id register, which only arm64 prints here.
    """

    cpu: str = ""
    midr: int | None = None
    hart: int | None = None


@event("log_buffer", "log_buffer_records")
class LogBuffer(Event, frozen=True):
    """printk's enlarged buffer (kernel/printk: setup_log_buf).

    ``size`` is the text's bytes; ``meta`` the bytes of the records, where they are printed.
    """

    size: int
    meta: int | None = None
    total: int | None = None


@event("early_log_free")
class EarlyLogFree(Event, frozen=True):
    """Bytes of the early log buffer that were unused when setup_log_buf replaced it."""

    free: int
    percent: int


@event("kaslr")
class Kaslr(Event, frozen=True):
    """Whether the kernel's place is random, in the kernel's words."""

    kaslr_state: str

    @property
    def enabled(self) -> bool:
        """Whether KASLR is on."""
        return self.kaslr_state.startswith("enabled")


@event("kernel_offset")
class KernelOffset(Event, frozen=True):
    """How far KASLR moved the image (bytes), printed by a panic; None when disabled."""

    offset: int | None = None
    base: int | None = None


@event("cpus_allowed")
class CpusAllowed(Event, frozen=True):
    """Processors that firmware announced: present (with the spare ones on 6.10 and older)."""

    present: int
    hotplug: int


@event("cpus_up", "cpus_configured")
class CpusUp(Event, frozen=True):
    """Processors that are up, and the nodes that they stand on where printed."""

    cpus: int
    nodes: int | None = None


@event("task_release", "usb_release")
class ReleaseMention(Event, frozen=True):
    """A later line that names the running kernel's release: a trace, a USB root hub."""

    release: str


@event("userspace_arch")
class UserspaceArch(Event, frozen=True):
    """The architecture as systemd's first process saw it."""

    name: str


@event("page_size_line")
class PageSize(Event, frozen=True):
    """The kernel's page size, as parisc prints it; ``size`` is in bytes."""

    size: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> PageSize:
        """Return the event with KiB turned into bytes."""
        return cls(source, fields["kib"] * 1024)


@event("pointers_unhashed")
class HashPointers(Event, frozen=True):
    """How %p is printed (``hash_pointers=``): always, auto or never hashed."""

    mode: str


@event("scan_smp")
class ScanSmp(Event, frozen=True):
    """Where x86 looks for the MP table; ``virtual`` is the address as printed, padded."""

    virtual: str
