export type * from './images/image-store.ts';
export type * from './layers/layer-store.ts';
export type * from './rootfs/rootfs.ts';
