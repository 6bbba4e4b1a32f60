import { testBadInput } from './every-state.ts';
import { vws } from './kinds.ts';

testBadInput(vws);
