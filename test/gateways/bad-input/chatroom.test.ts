import { testBadInput } from './every-state.ts';
import { chatroom } from './kinds.ts';

testBadInput(chatroom);
