"""Lines of every wording, written by us: rule -> lines that it reads."""

from __future__ import annotations

from tests.syntax.complaint_lines import COMPLAINTS

LINES: dict[str, list[str]] = {
    # -- boot.lark
    "linux_version": [
        "Linux version 6.1.0-9-amd64 (me@here) (gcc-12 (Debian) 12.2.0, GNU ld 2.40) #1 SMP",
        "Linux version 2.4.4",
        "Preparing to boot Linux version 6.10.0-rc6-powerpc64-smp (me@here) (powerpc-gcc) #1",
    ],
    "command_line": [
        "Command line: root=/dev/sda1 mem=512M",
        "Kernel command line: console=ttyS0",
        "Kernel command line:",
        "command line: console=tty0",
    ],
    "machine_model": [
        "Machine model: linux,dummy-virt",
        "OF: fdt: Machine model: A Board",
        "OF: fdt:Machine model: A Board",
        "Machine: ARM-Versatile PB",
        "MIPS: machine is mti,malta",
        "Hardware name: QEMU Virtual Machine, BIOS 0.1",
    ],
    "booting_cpu": [
        "Booting Linux on physical CPU 0x0000000000 [0x411fd070]",
        "Booting Linux on physical CPU 0x0",
        "Booting Linux on physical CPU 0",
    ],
    "booting_hart": ["Booting Linux on hartid 3"],
    "log_buffer": [
        "log_buf_len: 1048576",
        "log_buf_len: 1048576 bytes",
        "printk: log_buf_len: 1048576 bytes",
    ],
    "log_buffer_records": [
        "printk: log buffer data + meta data: 1048576 + 3670016 = 4718592 bytes"
    ],
    "early_log_free": [
        "early log buf free: 126144(96%)",
        "printk: early log buf free: 4376(3%)",
    ],
    "kaslr": ["KASLR enabled", "KASLR disabled on command line", "kaslr: KASLR disabled"],
    "kernel_offset": [
        "Kernel Offset: disabled",
        "Kernel Offset: 0x1e000000 from 0xffffffff81000000 (relocation range: 0x0-0x1)",
        "Kernel Offset: 0x4a0000 from 0xffff800008000000",
    ],
    "cpus_allowed": ["CPU topo: Allowing 2 present CPUs plus 0 hotplug CPUs"],
    "cpus_up": [
        "smp: Brought up 1 node, 2 CPUs",
        "smp: Brought up 2 nodes, 1 CPU",
        "x86: Booted up 2 nodes, 16 CPUs",
        "Brought up 4 CPUs",
    ],
    "cpus_configured": ["cpu: 1 configured CPUs, 0 standby CPUs"],
    "task_release": [
        "CPU: 0 PID: 1 Comm: swapper/0 Not tainted 5.6.0-rc1-next #66",
        "CPU: 1 UID: 0 PID: 9 Comm: a b Tainted: G        W   E      6.12.1-x #7 PREEMPT",
    ],
    "usb_release": ["usb usb1: Manufacturer: Linux 6.12.1-arm64 xhci-hcd"],
    "userspace_arch": [
        "systemd[1]: Detected architecture arm64.",
        "systemd[1]: Detected architecture 'x86-64'.",
    ],
    "page_size_line": [
        "Kernel default page size is 4 KB. Huge pages enabled with 1 MB physical.",
        "Kernel default page size is 16 KB.",
    ],
    "pointers_unhashed": ["Hash pointers mode set to never."],
    "scan_smp": ["Scan SMP from c0000000 for 1024 bytes."],
    # -- e820.lark
    "e820_header": [
        "BIOS-provided physical RAM map:",
        "e820: BIOS-provided physical RAM map:",
        "user-defined physical RAM map:",
        "extended physical RAM map:",
        "modified physical RAM map:",
    ],
    "e820_row": [
        "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
        "BIOS-e820: [mem 0x000000006cbcf000-0x000000006cdcefff] type 20",
        "BIOS-e820: [mem 0x0000000100000000-0x000000017fffffff] persistent (type 12)",
        "BIOS-e820: [mem 0x0000000100000000-0x000000017fffffff]  persistent RAM (type 7)",
        "BIOS-e820: [mem 0x0000000000100000-0x000000007c06ffff]  System RAM",
        "BIOS-e820: [mem 0x00000000fec00000-0x00000000fec00fff]  device reserved",
        "user: [mem 0x0000000010000000-0x0000000010ffffff] reserved",
        "reserve setup_data: [mem 0x0000000000100000-0x000000000fffffff] ACPI NVS",
        "Xen: [mem 0x0000000000000000-0x000000000009efff] usable",
    ],
    "e820_gap": ["BIOS-e820: [gap 0x000000007c000000-0x000000007d674fff]"],
    "e820_row_exclusive": [
        "BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)",
        "BIOS-e820: 000000003fff3000 - 0000000040000000 (ACPI data)",
        "BIOS-88: 0000000000100000 - 0000000004000000 (usable)",
        "BIOS-e820: 00000000fec00000 - 00000000fec01000 (type 9)",
    ],
    "e820_row_sized": ["BIOS-e820: 000000000009fc00 @ 0000000000000000 (usable)"],
    "e820_disorder": ["[Firmware Bug]: out of order E820 entry!"],
    "e820_update": [
        "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved",
        "e820: update [mem 0x00000000-0x00000fff] System RAM ==> device reserved",
    ],
    "e820_update_exclusive": [
        "e820 update range: 0000000000000000 - 0000000000010000 (usable) ==> (reserved)",
        "update range: 0000000000000000 - 0000000000010000 (usable) ==> (reserved)",
    ],
    "e820_remove": [
        "e820: remove [mem 0x000a0000-0x000fffff] usable",
        "e820: remove [mem 0x1c24a00000-0x1c27a2ffff]",
    ],
    "e820_remove_exclusive": ["e820 remove range: 00000000000a0000 - 0000000000100000 (usable)"],
    "e820_last_pfn": [
        "last_pfn = 0x20000 max_arch_pfn = 0x400000000",
        "e820: last_pfn = 0x380000 max_arch_pfn = 0x400000000",
        "last_pfn = 131056 max_arch_pfn = 1048576",
    ],
    "e820_ram_buffer": [
        "e820: reserve RAM buffer [mem 0x0009fc00-0x0009ffff]",
        "e820: register RAM buffer resource [mem 0x09a7f000-0x0bffffff]",
    ],
    "e820_ram_buffer_old": ["reserve RAM buffer: 000000000009fc00 - 000000000009ffff"],
    "e820_pci_gap": [
        "[mem 0xc0000000-0xfebfffff] available for PCI devices",
        "e820: [mem 0xc0000000-0xfebfffff] available for PCI devices",
        "[gap 0x80000000-0xfebfffff] available for PCI devices",
    ],
    "e820_pci_gap_old": ["Allocating PCI resources starting at 40000000 (gap: 40000000:bec00000)"],
    "e820_kernel_not_ram": [
        ".text .data .bss are not marked as E820_TYPE_RAM!",
        ".text .data .bss are not marked as E820_RAM!",
    ],
    "e820_full": ["E820 table full; ignoring [mem 0x00100000-0x001fffff]"],
    # -- efi.lark
    "efi_x86": [
        "efi: mem02: [Boot Data   |   |  |  |  |  |  |  |  |  |  |   |WB|WT|WC|UC]"
        " range=[0x0000000000087000-0x0000000000087fff] (0MB)",
        "efi: mem41: [Reserved           |attr=0x070000000000000f]"
        " range=[0x000000007a700000-0x000000007a7fffff] (1MB)",
    ],
    "efi_x86_old": [
        "efi: mem00: type=3, attr=0xf, range=[0x0000000000000000-0x0000000000001000) (0MB)",
        "EFI: mem01: type=7, attr=0xf, range=[0x0000000000001000-0x0000000000080000) (0MB)",
    ],
    "efi_generic": [
        "efi:   0x000040000000-0x000043ffffff [Conventional|   |  |  |  |  |WB|  |  |  ]",
        "efi:   0x00006c440000-0x00006c44ffff [Runtime Code|RUN|  |  |  |  |WB|  |  |  ]*",
    ],
    "efi_memattr": [
        "efi: memattr:  0x00006c440000-0x00006c44ffff [Runtime Code|RUN|  |XP|  |  |  ]"
    ],
    "efi_heading": [
        "efi: Processing EFI memory map:",
        "efi: memattr: Processing EFI Memory Attributes table:",
    ],
    "efi_mmio_removed": [
        "efi: Remove mem58: MMIO range=[0xe0000000-0xefffffff] (256MB) from e820 map"
    ],
    "efi_mmio_kept": [
        "efi: Not removing mem60: MMIO range=[0xfee00000-0xfee00fff] (4KB) from e820 map"
    ],
    "efi_version": ["efi: EFI v2.70 by EDK II", "EFI v2.00 by HP"],
    "efi_absent": ["efi: UEFI not found."],
    "efi_esrt": ["esrt: Reserving ESRT space from 0x00000000f924f798 to 0x00000000f924f7d0."],
    "efi_map_field": [
        "efi:   System Table         : 0x000000006ffd0018",
        "efi:   MemMap Address: 0x000000002c1c5040",
        "efi:   MemMap Desc. Size    : 0x0000000000000030",
    ],
    "efi_tables": ["efi: SMBIOS=0xfcca0000 SMBIOS 3.0=0xfcc90000 ACPI 2.0=0xf8920000"],
    # -- devicetree.lark
    "of_region": [
        "OF: reserved mem: 0x0000000140000000..0x000000015fffffff (524288 KiB)"
        " map reusable linux,cma",
        "OF: reserved mem: 0x5c000000..0x5c1fffff (2048 KiB) nomap non-reusable secure@5c000000",
    ],
    "of_initialized": [
        "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool"
    ],
    "of_overlap_header": ["OF: reserved mem: OVERLAP DETECTED!"],
    "of_overlap": ["a@0 (0x00000000--0x00001000) overlaps with b@0 (0x00000000--0x00002000)"],
    "of_failed_allocate": [
        "OF: reserved mem: failed to allocate memory for node 'linux,cma'",
        "OF: reserved mem: failed to allocate memory for node 'linux,cma': size 512 MiB",
    ],
    "of_failed_reserve": [
        "OF: fdt: Reserved memory: failed to reserve memory for node 'x@1': base 0xbfc00000,"
        " size 4 MiB",
        "OF: reserved mem: Reserved memory: failed to reserve memory for node 'x': base 0x1,"
        " size 1 MiB",
    ],
    "of_ignored": [
        "OF: fdt: Ignoring memory range 0x80000000 - 0x80200000",
        "OF: fdt: Ignoring memory block 0x80000000 - 0x80040000",
    ],
    "of_none": ["OF: reserved mem: Reserved memory: No reserved-memory node in the DT"],
    "of_pool": [
        "Reserved memory: created CMA memory pool at 0x000000005e000000, size 32 MiB",
        "Reserved memory: created DMA memory pool at 0x57a00000, size 4 MiB",
        "Reserved memory: created restricted DMA pool at 0x1000, size 1 MiB",
    ],
    "of_elfcorehdr": [
        "OF: fdt: Reserving 4 KiB of memory at 0x7ffff000 for elfcorehdr",
        "Reserving 4KB of memory at 0x7ffff000 for elfcorehdr",
    ],
    "of_usable_range": ["OF: fdt: cap_mem_regions[0]: base=0x0000000040000000, size=0x10000000"],
    # -- carveouts.lark
    "cma_reserved": [
        "cma: Reserved 64 MiB at 0x000000005a000000",
        "cma: Reserved 64 MiB at 0x000000007ac00000 on node -1",
    ],
    "cma_ranges": ["cma: Reserved 512 MiB in 3 ranges", "cma: Reserved 64 MiB in 1 range"],
    "cma_failed": ["cma: Failed to reserve 64 MiB", "cma: Failed to reserve 64 MiB on node 1"],
    "crash_generic": ["crashkernel reserved: 0x0000000063400000 - 0x0000000066400000 (48 MB)"],
    "crash_low": ["crashkernel low memory reserved: 0x49000000 - 0x59000000 (256 MB)"],
    "crash_megabytes": [
        "Reserving 128MB of memory at 2928MB for crashkernel (System RAM: 6143MB)",
        "Reserving 256MB of low memory at 2000MB for crashkernel (low RAM limit: 4096MB)",
        "setup: Reserving 1024MB of memory at 130048MB for crashkernel (System RAM: 130048MB)",
    ],
    "crash_failed": [
        "cannot allocate crashkernel (size:0x20000000)",
        "crashkernel reservation failed - memory is in use.",
        "setup: crashkernel reservation failed: no suitable area",
        "Cannot reserve 256MB crashkernel low memory, please try smaller size.",
    ],
    "crash_low_1m": ["kexec: Reserving the low 1M of memory for crashkernel"],
    "fadump_reserved": [
        "fadump: Reserved 4112MB of memory at 0x00000501000000 (System RAM: 25088MB)"
    ],
    "fadump_cma": [
        "fadump: Initialized 0x101000000 bytes cma area at 20496MB from 0x1010002a8 bytes"
        " of memory reserved for firmware-assisted dump"
    ],
    "swiotlb_mapped": [
        "software IO TLB: mapped [mem 0x000000007a200000-0x000000007a300000] (1MB)",
        "software IO TLB [mem 0x95aa1000-0x99aa1000] (64MB) mapped at [ffff8800-ffff8801]",
    ],
    "swiotlb_at_phys": ["software IO TLB at phys 0x20000000 - 0x24000000"],
    "swiotlb_size": [
        "software IO TLB: SWIOTLB bounce buffer size adjusted to 0MB",
        "software IO TLB: SWIOTLB bounce buffer size roundup to 1MB",
    ],
    "swiotlb_areas": ["software IO TLB: area num 2."],
    "swiotlb_failed": ["Cannot allocate SWIOTLB buffer", "software IO TLB: No low mem"],
    "hugetlb_registered": [
        "HugeTLB: registered 1.00 GiB page size, pre-allocated 1 pages",
        "HugeTLB registered 2 MB page size, pre-allocated 0 pages",
    ],
    "hugetlb_failed": [
        "HugeTLB: allocating 10 of page size 1.00 GiB failed.  Only allocated 5 hugepages."
    ],
    "hugetlb_cma_reserved": ["hugetlb_cma: reserved 1024 MiB on node 0"],
    "hugetlb_cma_failed": ["hugetlb_cma: cma area must be a multiple of 1024 MiB"],
    "memory_limit": ["Memory limited to 640MB", "Memory truncated to 512 MB"],
    "kernel_panic": ["Kernel panic - not syncing: Failed to allocate page table page"],
    # -- numa.lark
    "srat_memory": [
        "ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x0009ffff]",
        "SRAT: Node 1 PXM 1 [mem 0x380000000-0x83c7fffffff] hotplug",
        "ACPI: SRAT: Node 1 PXM 1 [mem 0x380000000-0x3ffffffff] non-volatile",
    ],
    "srat_memory_exclusive": ["SRAT: Node 0 PXM 0 0-a0000", "SRAT: Node 1 PXM 1 100000-80000000"],
    "srat_cpu": [
        "SRAT: PXM 0 -> APIC 0x00 -> Node 0",
        "ACPI: NUMA: SRAT: PXM 0 -> MPIDR 0x0 -> Node 0",
        "SRAT: PXM 0 -> CPU 0x00 -> Node 0",
    ],
    "srat_failed": [
        "SRAT: SRAT not used.",
        "Node alignment 4MB < min 64MB, rejecting NUMA config",
    ],
    "srat_range": ["Memory range 0x100000 to 0x120000 (type 0x0) in proximity domain 0x00 enabled"],
    "srat_range_bare": [
        "Memory range 00000000 to 000000a0 in proximity domain 00 enabled",
        "Memory range 00000000 to 000000a0 in proximity domain 01 enabled and removable",
    ],
    "srat_cpu_old": ["CPU 00 in proximity domain 00", "CPU 0x20 in proximity domain 0x01"],
    "srat_chunks": [
        "Number of memory chunks in system = 3",
        "Number of logical nodes in system = 2",
    ],
    "numa_none": ["No NUMA configuration found", "NUMA: No NUMA configuration found"],
    "numa_off": ["NUMA turned off", "NUMA disabled by user"],
    "fake_single": [
        "Faking a node at [mem 0x0000000000000000-0x000000000ffdffff]",
        "NUMA: Faking a node at [mem 0x0000000040000000-0x000000007fffffff]",
    ],
    "fake_single_old": ["Faking a node at 0000000000000000-000000007fe87000"],
    "fake_node": [
        "Faking node 0 at [mem 0x0000000000000000-0x000000000fffffff] (256MB)",
        "Faking node 1 at 0000000010000000-0000000020000000 (256MB)",
    ],
    "numa_merged": [
        "NUMA: Node 0 [mem 0x00000000-0x0009ffff] + [mem 0x00100000-0x3fffffff]"
        " -> [mem 0x00000000-0x3fffffff]"
    ],
    "numa_overlap": [
        "node 0 [mem 0x00000000-0x7fffffff] overlaps with node 1 [mem 0x70000000-0xffffffff]"
    ],
    "numa_overlap_self": [
        "Warning: node 2 [mem 0x70000000-0x77ffffff] overlaps with itself"
        " [mem 0x70000000-0x77ffffff]"
    ],
    "numa_coverage": ["NUMA: nodes only cover 2047MB of your 4096MB e820 RAM. Not used."],
    "node_data": [
        "NODE_DATA(0) allocated [mem 0x7fdfde00-0x7fe0153f]",
        "NUMA: NODE_DATA(0) allocated [mem 0x7fdfde00-0x7fe0153f]",
    ],
    "node_data_elsewhere": [
        "NODE_DATA(1) on node 0",
        "numa:     NODE_DATA(0) on node 1",
        "NUMA: NODE_DATA(2) on node 1",
    ],
    "node_data_plain": [
        "NODE_DATA [mem 0x13eff8000-0x13effbfff]",
        "numa:   NODE_DATA [mem 0xe85b0ee80-0xe85b1667f]",
        "NUMA: NODE_DATA [mem 0x5fef5b00-0x5fef7fff]",
    ],
    "numa_distance_map": ["OF: NUMA: parsing numa-distance-map-v1"],
    "numa_distances": ["NUMA: Initialized distance table, cnt=2"],
    "numa_sparc_group": ["NUMA GROUP[0]: cpus [ 0 1 ]"],
    # -- x86_setup.lark
    "x86_initial_mapping": ["initial memory mapped: [mem 0x00000000-0x017fffff]"],
    "x86_initial_mapping_old": ["initial memory mapped : 0 - 02000000"],
    "x86_direct_mapping": ["init_memory_mapping: [mem 0x00000000-0x3ffdffff]"],
    "x86_direct_mapping_old": ["init_memory_mapping: 0000000000000000-000000001ffe0000"],
    "x86_direct_page": ["[mem 0x00000000-0x001fffff] page 4k", "[mem 0x0-0x3fffffff] page 1G"],
    "x86_mapping_tables": [
        "kernel direct mapping tables up to 379fe000 @ 7000-c000",
        "kernel direct mapping tables up to 0x37bfdfff @ [mem 0x017fa000-0x017fffff]",
    ],
    "x86_lowmem": ["891MB LOWMEM available."],
    "highmem_available": ["137MB HIGHMEM available."],
    "x86_trampoline": ["Base memory trampoline at [c009b000] 9b000 size 16384"],
    "x86_stolen": [
        "Reserving Intel graphics memory at [mem 0x7d800000-0x7f7fffff]",
        "Reserving Intel graphics stolen memory at 0x9c000000-0x9fffffff",
    ],
    "x86_nosave": [
        "PM: hibernation: Registered nosave memory: [mem 0x00000000-0x00000fff]",
        "PM: Registered nosave memory: 000000000009f000 - 00000000000a0000",
    ],
    "x86_reserve_top": ["Reserving virtual address space above 0xffc00000"],
    # -- initrd.lark
    "ramdisk": ["RAMDISK: [mem 0x3fedc000-0x3ffdffff]"],
    "ramdisk_exclusive": ["RAMDISK: 1ffbd000 - 1ffdf0a0"],
    "ramdisk_move": [
        "Move RAMDISK from [mem 0x3fedc000-0x3ffdffec] to [mem 0x379fa000-0x37afdfec]"
    ],
    "ramdisk_move_old": [
        "Move RAMDISK from 000000007ffbd000 - 000000007ffdf09f to 00009000 - 0002b09f"
    ],
    "ramdisk_new": ["Allocated new RAMDISK: [mem 0x379fa000-0x37afdfec]"],
    "ramdisk_new_old": ["Allocated new RAMDISK: 00009000 - 0002b0a0"],
    "initrd_disabled": [
        "INITRD: 0x80f7f000+0x03695e40 overlaps in-use memory region - disabling initrd",
        "INITRD: 0x80d00000+0x002c98a3 is not a memory region - disabling initrd",
    ],
    "initrd_missing": [
        "Initrd not found or empty - disabling initrd",
        "initrd not found or empty - disabling initrd",
        "RAMDISK: Couldn't find valid RAM disk image starting at 0.",
    ],
    "initrd_at": [
        "Initial ramdisk at: 0x900000000fed0000 (1128988 bytes)",
        "Initial ramdisk at: 0x(____ptrval____) (6730127 bytes)",
    ],
    "ppc_initrd": ["Found initrd at 0xc00000000d900000:0xc00000000f9da580"],
    "parisc_initrd": ["initrd: reserving 3f4a1000-3ffedd01 (mem_max 40000000)"],
    "initrd_range": ["initrd: 7e7c7000-7ffedd5a", "initrd: 00a00000 - 00c00000"],
    "initrd_no_fit": ["setup: The initial RAM disk does not fit into the memory"],
    "acpi_table": ["ACPI: Reserving FACP table memory at [mem 0x7ffe19c1-0x7ffe1a34]"],
    # -- arch_maps.lark
    "arm_policy": ["Memory policy: Data cache writeback"],
    "arm_truncated": ["Truncating RAM at 20000000-3fffffff to -2f7fffff (vmalloc region overlap)."],
    "arm_ignored": ["Ignoring RAM at 0x0000000030000000-0x0000000040000000"],
    "arm_ignored_old": ["Ignoring RAM at 40000000-5fffffff (vmalloc region overlap)."],
    "arm_below_offset": ["Ignoring memory below PHYS_OFFSET: 0x00000000-0x08000000"],
    "lowmem_layout": [
        "lowmem  : 0xc0000000 - 0xd0000000   ( 256 MB)",
        "lowmem : 0xffffffd800000000 - 0xffffffd83fe00000   (1022 MB)",
    ],
    "ppc_mem_size": ["phys_mem_size     = 0x40000000"],
    "ram_top": ["Top of RAM: 0xff700000, Total RAM: 0xbe500000"],
    "ram_hole": ["Memory hole size: 1042MB"],
    "ppc_prom_header": ["memory layout at init:"],
    "ppc_prom_row": [
        "memory_limit : 0000000000000000 (16 MB aligned)",
        "alloc_bottom : 0000000002e74000",
        "alloc_top_hi : 0000000180000000",
        "ram_top      : 0000000180000000",
    ],
    "ppc_total": ["Total memory = 2048MB; using 4096kB for hash table"],
    "ppc_page_size": [
        "hash-mmu: base_shift=12: shift=24, sllp=0x0000, avpnm=0x00000000, tlbiel=1, penc=56",
        "base_shift=24: shift=24, sllp=0x0100, avpnm=0x00000001, tlbiel=0, penc=0",
    ],
    "ppc_orders": [
        "Page orders: linear mapping = 24, virtual = 12, io = 12, vmemmap = 24",
        "hash-mmu: Page orders: linear mapping = 24, virtual = 16, io = 16, vmemmap = 24",
    ],
    "ppc_oops": ["LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=8192 NUMA pSeries"],
    "ppc_radix_mapped": [
        "radix-mmu: Mapped 0x0000000000000000-0x0000000002720000 with 64.0 KiB pages (exec)"
    ],
    "s390_memory_end": ["setup: The maximum memory size is 2048MB"],
    "alpha_cluster": ["memcluster 1, usage 0, start     1984, end  1048576"],
    "alpha_forced": ["setup: forcing memory size to 65536K (from 131072K)."],
    "parisc_header": ["Memory Ranges:"],
    "parisc_row": ["0) Start 0x0000000000000000 End 0x000000003fffffff Size   1024 MB"],
    "parisc_total": ["Total Memory: 8184 MB"],
    "parisc_gap": ["Large gap in memory detected (786432 pages). Consider turning on sparse"],
    "parisc_bad": ["PDT: BAD MEMORY at 0x201000, DIMM slot 0a, permanent."],
    "sparc_offset": ["MM: PAGE_OFFSET is 0xfff0000000000000 (max_phys_bits == 42)"],
    # -- mips.lark
    "mips_cpu": [
        "CPU0 revision is: 00019300 (MIPS 24Kc)",
        "CPU0 revision is: 0014c010 (Loongson-64bit)",
    ],
    "mips_header": ["Determined physical RAM map:", "User-defined physical RAM map:"],
    "mips_row": [
        "memory: 08000000 @ 00000000 (usable)",
        "memory: 0000000000058000 @ 0000000000708000 (usable after init)",
    ],
    "mips_wasting": ["Wasting 1048576 bytes for tracking 32768 unused pages"],
    "outside_map": ["Kernel sections are not in the memory maps"],
    "user_map_overwrite": ["User-defined physical RAM map overwrite"],
    "loongson_node": ["Node0: mem_type:2, mem_start:0x90200000, mem_size:0x6fe MB"],
    "loongson_bytes": [
        "Node0: mem_type:4, mem_start:0x0, mem_size:0x1000 Bytes",
        "Resvd: mem_type:6, mem_start:0xd960000, mem_size:0x50000 Bytes",
    ],
    "loongson_pfns": ["start_pfn:0x0, end_pfn:0x4, num_physpages:0x4"],
    # -- iomem.lark
    "iomem_row": ["00000000-7fffffff : System RAM", "20000000-11fffffff : Crash kernel"],
    **COMPLAINTS,
}
