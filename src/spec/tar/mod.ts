export * from './byte-string.ts';
export * from './crc64.ts';
export * from './encode.ts';
export * from './entry.ts';
export { isArchiveHead } from './header.ts';
export * from './reader.ts';
export * from './tar-split.ts';
