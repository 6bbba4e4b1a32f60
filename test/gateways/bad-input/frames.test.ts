import { testBadInput } from './every-state.ts';
import { frames } from './kinds.ts';

testBadInput(frames);
