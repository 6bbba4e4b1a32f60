import { testBadInput } from './every-state.ts';
import { rooms } from './kinds.ts';

testBadInput(rooms);
