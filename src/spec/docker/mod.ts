export * from './container-config.ts';
export * from './container-inspect.ts';
export * from './event.ts';
export * from './exec-inspect.ts';
export * from './host-config.ts';
export * from './image.ts';
export * from './network.ts';
export * from './stream-frame.ts';
