export * from './errno-words.ts';
export * from './errors.ts';
export * from './exec/add-system-user.ts';
export * from './exec/filter.ts';
export * from './exec/run.ts';
export * from './exec/spawn-detached.ts';
export * from './exec/user-namespace.ts';
export * from './ffi/clock.ts';
export * from './ffi/default-route.ts';
export * from './ffi/epoll.ts';
export * from './ffi/exec.ts';
export * from './ffi/file-calls.ts';
export * from './ffi/file-io.ts';
export * from './ffi/flock.ts';
export * from './ffi/inet-socket.ts';
export * from './ffi/lent-socket.ts';
export * from './ffi/link-kinds.ts';
export * from './ffi/mount.ts';
export * from './ffi/mount-tree.ts';
export type { NetlinkMessage } from './ffi/netlink-message.ts';
export * from './ffi/netns.ts';
export { Nflog } from './ffi/nflog.ts';
export { Nfnetlink } from './ffi/nfnetlink.ts';
export * from './ffi/nft-rewrite.ts';
export {
  type ChainName,
  deleteChain,
  deleteRule,
  type NftChain,
  type NftFamily,
  type NftRule,
  newChain,
  newRule,
  verdictOf,
} from './ffi/nft-rules.ts';
export { concat, type SetChange, type SetElement } from './ffi/nft-sets.ts';
export * from './ffi/open-pty.ts';
export * from './ffi/openat2.ts';
export { type Peer, peerOf } from './ffi/peer.ts';
export * from './ffi/pidfd.ts';
export * from './ffi/pipes.ts';
export * from './ffi/process.ts';
export * from './ffi/pty.ts';
export { RawSocket } from './ffi/raw-socket.ts';
export * from './ffi/rtnetlink.ts';
export * from './ffi/seccomp.ts';
export { tryBindPort } from './ffi/socket.ts';
export * from './ffi/spawn.ts';
export * from './ffi/statfs.ts';
export { nodeAt, nodeOf } from './ffi/statx.ts';
export * from './ffi/trim-text.ts';
export * from './ffi/unix-datagram.ts';
export * from './ffi/unix-fds.ts';
export * from './ffi/wait.ts';
export * from './ffi/write-some.ts';
export * from './ffi/xattr.ts';
export * from './fs/atomic-write.ts';
export * from './fs/copy-tree.ts';
export * from './fs/descriptors.ts';
export * from './fs/disk-usage.ts';
export * from './fs/in-root.ts';
export * from './fs/overlay-mount.ts';
export * from './fs/private-tree.ts';
export { removeSmallTree, removeTree, removeTreeAsync } from './fs/remove-tree.ts';
export * from './proc/boot-id.ts';
export * from './proc/cpu-time.ts';
export { descendantsOf } from './proc/descendants.ts';
export * from './proc/mentions.ts';
export * from './proc/net-dev.ts';
export { PACKAGE_ROOT, programFile } from './proc/package.ts';
export * from './proc/propagation.ts';
export * from './proc/self.ts';
export * from './proc/stat.ts';
export * from './threads/call-pool.ts';
export * from './threads/serve-calls.ts';
export * from './threads/thread-pool.ts';
