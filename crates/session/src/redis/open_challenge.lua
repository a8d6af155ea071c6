-- Opens a challenge.
-- KEYS[1] challenge
-- ARGV mac, binding, tries_left, sends_left, expires_at, closes_at, resend_after, keep_millis
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'mac', ARGV[1], 'binding', ARGV[2], 'tries_left', ARGV[3],
  'sends_left', ARGV[4], 'expires_at', ARGV[5], 'closes_at', ARGV[6], 'resend_after', ARGV[7],
  'replaced', '')
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return 1
