export * from './errors.ts';
export * from './fs/atomic-write.ts';
