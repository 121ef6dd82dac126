export * from './byte-string.ts';
export * from './crc64.ts';
export { crc64Zeros } from './crc64-zeros.ts';
export * from './encode.ts';
export * from './entry.ts';
export { isArchiveHead } from './header.ts';
export * from './reader.ts';
export type { Fragment } from './sparse.ts';
export * from './tar-split.ts';
