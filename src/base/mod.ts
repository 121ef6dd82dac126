export * from './cleanup.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './keyed-lock.ts';
export * from './labels.ts';
export * from './log.ts';
export * from './time.ts';
