"""Lines of the kernel's own complaints, by grammar rule."""

from __future__ import annotations

COMPLAINTS: dict[str, list[str]] = {
    "page_failure": [
        "cat: page allocation failure: order:5, mode:0x40dc0(GFP_KERNEL|__GFP_ZERO),cpuset=/",
        "kworker/u32:45: page allocation failure: order:4, mode:0x40c00(GFP_NOIO)",
        "swapper/0: page allocation failure: order:2, mode:0x1(GFP_DMA)",
        "swapper: page allocation failure. order:9, mode:0xd0",
    ],
    "vmemmap_failure": [
        "kworker/0:1: vmemmap alloc failure: order:9, mode:0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL)",
    ],
    "free_blocks": [
        "Node 0 DMA: 11101*4kB (UME) 870*16kB (UME) 1*64kB (M) 0*128kB 0*4096kB = 79780kB",
        "DMA: 1*4kB 1*8kB 1*16kB 0*4096kB = 8012kB",
        "Node 1 HighMem: 2*4kB (UMRC) = 8kB",
    ],
    "zone_watermarks": [
        "Node 0 DMA free:78096kB min:16520kB low:20648kB high:24776kB reserved_highatomic:0KB",
        "Node 0 DMA32 free:6496kB boost:0kB min:480kB low:600kB high:720kB reserved_highatomic:0KB",
        "Normal free:3172kB min:3520kB low:4400kB high:5280kB active_anon:0kB",
    ],
    "lowmem_reserve": ["lowmem_reserve[]: 0 2807 2807 2807 2807"],
    "bad_page": ["BUG: Bad page state in process swapper/0  pfn:000f7"],
    "bad_page_old": ["Bad page state in process 'swapper'"],
    "page_dump": [
        "page: refcount:0 mapcount:0 mapping:00000000 index:0x0 pfn:0xf7",
        "page:fffffc000ecf0fc0 refcount:0 mapcount:-128 mapping:0000000000000000 index:0x0",
        "page:ffffea0000001c00 count:0 mapcount:-127 mapping:          (null) index:0x0",
    ],
    "page_dumped": ["page dumped because: nonzero mapcount"],
    "fault": [
        "BUG: unable to handle page fault for address: ffffea0004000034",
        "BUG: unable to handle kernel paging request at ffff88013fffb000",
        "BUG: Unable to handle kernel data access on read at 0xc00a000000000000",
        "Unable to handle kernel paging request at virtual address 6b6b6c03",
        "CPU 0 Unable to handle kernel paging request at virtual address 00000004, epc == 80100000",
        "Unable to handle kernel paging request for data at address 0x00000000",
        "Oops: general protection fault, probably for non-canonical address 0xdead000000000108",
    ],
    "fault_null": [
        "BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "BUG: Kernel NULL pointer dereference on read at 0x00000040",
        "Unable to handle kernel NULL pointer dereference at virtual address 00000000",
        "Unable to handle kernel NULL pointer dereference",
    ],
    "oops": [
        "Oops: double fault: 0000 [#1] PREEMPT SMP NOPTI",
        "Internal error: Oops: 5 [#1] PREEMPT SMP ARM",
    ],
    "kernel_bug": ["kernel BUG at mm/slab.c:3320!"],
    "oops_place": [
        "RIP: 0010:__kmalloc_noprof+0x130/0x400",
        "RIP: 0010:[<ffffffff81100000>] free_pages_prepare+0x10/0x20",
        "PC is at kobject_get+0x10/0xa4",
        "pc : memblock_free+0x10/0xa4",
        "NIP [c00000000059eaac] get_from_any_partial+0x1c/0x200",
    ],
    "slub_bug": [
        "BUG kmalloc-128 (Tainted: G      D         T): Poison overwritten",
        "BUG :0000064 (Not tainted): Redzone overwritten",
    ],
    "slub_bytes": [
        "INFO: 0xa0093f52-0xa0093f52 @offset=1296. First byte 0x6c instead of 0x6b",
        "0xffff888003af1b40-0xffff888003af1b47 @offset=2880. First byte 0x6b instead of 0xcc",
    ],
    "slub_track": [
        "INFO: Allocated in usb_alloc_urb+0x24/0x58 age=1380 cpu=0 pid=82",
        "INFO: Freed in acm_disconnect+0x124/0x194 [cdc_acm] age=521 cpu=0 pid=1566",
        "Allocated in really_probe+0x10/0x20 age=1 cpu=0 pid=1",
    ],
    "slub_object": [
        "INFO: Object 0xf99f52f8 @offset=1280 fp=0x2bebcd84",
        "Object 0xffff888003af1b00 @offset=2816 fp=0x0000000000000000",
    ],
    "sanitizer": [
        "BUG: KASAN: slab-use-after-free in memblock_free+0x10/0x20",
        "BUG: KFENCE: use-after-free read in test_use_after_free_read+0xa1/0x150",
    ],
    "sanitizer_object": [" which belongs to the cache kmalloc-64 of size 64".strip()],
    "percpu_failed": [
        "percpu: allocation failed, size=8 align=8 atomic=1, atomic alloc failed, no space left",
        "PERCPU: allocation failed, size=2048 align=64, failed to allocate new chunk",
    ],
    "oom_killed": [
        "Out of memory: Killed process 101 (init) total-vm:2048kB, anon-rss:0kB",
        "Out of memory: Kill process 1 (init) score 900 or sacrifice child",
    ],
    "warning": [
        "WARNING: CPU: 0 PID: 0 at mm/memblock.c:1339 memblock_set_node+0x20/0x40",
        "WARNING: CPU: 1 PID: 7 at arch/x86/mm/ioremap.c:205",
    ],
    "warning_old": ["WARNING: at arch/x86/kernel/smpboot.c:302 topology_sane+0x5a/0x6e()"],
    "warning_new": ["WARNING: mm/slub.c:1140 at free_to_pcs+0x10/0x20, CPU#0: swapper/0/0"],
}
