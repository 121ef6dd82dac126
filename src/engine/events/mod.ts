export { EventBus } from './event-bus.ts';
export type { Events } from './events.ts';
