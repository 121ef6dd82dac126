export * from './errors.ts';
export * from './fs/atomic-write.ts';
export * from './ffi/clock.ts';
export * from './ffi/epoll.ts';
export * from './ffi/file-io.ts';
export * from './ffi/pipes.ts';
