/** The other ways in are off unless a test is about them: their usual ports are fixed, and tests run side by side. */
export const gatewaysOff = {
  LISTEN_FRAMES: 'off',
  LISTEN_RESET: 'off',
  LISTEN_CHATROOM: 'off',
  LISTEN_CHATEAU: 'off',
  LISTEN_ROOMS: 'off',
} as const;
