/** System calls that need one of these capabilities, of which a container with it may make them. */
export const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module init_module finit_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'iopl ioperm',
  CAP_SYS_TIME: 'settimeofday stime clock_settime clock_settime64',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
};

/** What only one kind of CPU has. */
export const BY_ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'arch_prctl modify_ldt',
  arm64: 'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
};

/**
 * Known calls that nobody may make whatever the capabilities: they reach outside of namespaces, are obsolete, or had
 * too many holes. With those above that a container lacks the capability for, they fail with EPERM.
 */
export const DENIED: Readonly<Record<string, string>> = {
  'keys of the kernel, which know no namespace': 'add_key keyctl request_key',
  'the whole machine': 'kexec_file_load kexec_load swapoff swapon pivot_root',
  'large and changing attack surface': 'io_uring_enter io_uring_register io_uring_setup userfaultfd',
  'memory of others by node': 'migrate_pages move_pages',
  obsolete: `
    afs_syscall create_module get_kernel_syms getpmsg nfsservctl putpmsg query_module security _sysctl sysfs tuxcall
    uselib ustat vm86 vm86old vserver`,
};
