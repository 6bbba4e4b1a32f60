/** What the server says, in the words of the seed: each an object of its own with a newline after it. */
export const words = {
  /** The two parts of the seed each name one: who logs in gets both. */
  loginAnswers: (success: boolean) => [
    write({ type: 'login', success: truth(success) }),
    write({ type: 'login_status', status: truth(success) }),
  ],
  usernameTaken: write({ type: 'username_taken' }),
  usernameRegisterStatus: (taken: boolean) =>
    write({ type: 'username_register_status', taken: truth(taken) }),
  registerStatus: (status: boolean, info: string) =>
    write({ type: 'register_status', status: truth(status), additional_info: info }),
  salt: (salt: string) => write({ type: 'salt', salt }),
  message: (from: string, message: string) => write({ type: 'message', from, message }),
  userlist: (users: readonly string[], online: boolean) =>
    write({ type: 'userlist', users, onlinetype: truth(online) }),
  userNotification: (user: string, status: boolean) =>
    write({ type: 'user_notification', user, status: truth(status) }),
  typing: (user: string, status: boolean) => write({ type: 'typing', user, status: truth(status) }),
  shutdown: write({ type: 'shutdown' }),
  banned: write({ type: 'banned' }),
  wrongIp: write({ type: 'wrong_ip' }),
  outdatedClient: (version: string) => write({ type: 'outdated_client', version }),
};

function write(object: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`${JSON.stringify(object)}\n`);
}

function truth(value: boolean): 'true' | 'false' {
  return value ? 'true' : 'false';
}
