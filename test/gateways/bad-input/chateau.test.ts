import { testBadInput } from './every-state.ts';
import { chateau } from './kinds.ts';

testBadInput(chateau);
