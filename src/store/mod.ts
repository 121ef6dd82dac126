export type * from './containers/container-record.ts';
export * from './containers/container-records.ts';
export type * from './images/image-store.ts';
export type * from './layers/layer-store.ts';
export * from './networks/network-records.ts';
export * from './open-store.ts';
export type * from './rootfs/rootfs.ts';
export * from './volumes/volume-records.ts';
