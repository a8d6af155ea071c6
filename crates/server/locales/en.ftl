# Words of the pages, in English. Both languages are originals: keep keys and places the same.

# Everywhere
skip = Skip to content
switch = 日本語
help = Help
privacy = Privacy
theme = Appearance
account = Account
sign-out = Sign out
error-prefix = Error:{" "}
check-input = Check what you entered
steps = Progress
step-done = {" "}(done)
email = Email address
password = Password
code = Code
name = Name
app = App
time = Time
clock = Time
reference = Reference
copy = Copy
copied = Copied
copy-reference = Copy reference
copy-code = Copy code
save = Save
saved = Saved
back = Back to where you were
show = Show
hide = Hide
show-password = Show password
hide-password = Hide password
open-account = Open your account
paused-strip = Some actions are paused for safety
other-account = Use another account
developer-details = Details for developers
back-to-app = Return to {$app}
times = { $n ->
    [one] once
   *[other] {$n} times
}
not-set = Not set yet

# Sign-in
login-title = Sign in
login-dest = We will return you to {$host}
login-own = This opens your account pages at {$service}.
login-before-change = Before changing this, confirm it is you.
login-next = Continue
login-forgot = Forgot your password?
login-register = Create an account
email-empty = Enter your email address
email-shape = Enter an email address like name@example.com
password-empty = Enter your password
login-wrong = The email address or the password is not right
login-wrong-hint = Check both and try again. After several wrong tries you will have to wait.
login-throttled = Too many tries. Wait until {$time}
login-throttled-hint = Until then even the right password does not sign you in. To go on at once, have a link mailed: it lets you try in this browser, and your password stays as it is.
login-by-mail = Too many wrong passwords in a row. Go on by mail
login-by-mail-hint = Even the right password does not sign you in here now. Have a link mailed: it lets you try in this browser, and your password stays as it is.
login-void = Your old password no longer counts
login-void-hint = The operators asked for new passwords. Choose “{ login-forgot }”: the mailed link leads to a new one.
login-blocked = Sign-in from this connection is stopped
login-blocked-hint = Try another network, choose “{ login-forgot }” to be let in by a mailed link, or contact support with the reference {$reference}.
login-no-more-codes = No new code can be sent until {$time}
login-no-more-codes-hint = Several were sent in a short time. Sign in again when the time has come.
login-stopped = This account is stopped
login-stopped-hint = Contact the operator and quote the reference {$reference}.
login-unavailable = You cannot sign in right now
login-unavailable-hint = This is our fault and we are sorry. Wait a minute and try again.

# Code
code-title = Enter the code we mailed you
code-over-title = This sign-in is stopped
code-lead = We sent a code of {$digits} digits to {$mask}. Enter it within {$minutes} minutes.
code-hint = {$n} digits. Spaces do not matter.
code-uniform-title = Enter your code
code-uniform-lead = If the address and the password are right, we have mailed a code of {$digits} digits to your code address. Enter it within {$minutes} minutes. If you use an authenticator app, enter its 6 digits instead; then nothing is mailed.
code-uniform-hint = {$n} digits, or the 6 digits of your app. Spaces do not matter.
code-uniform-missing = No code is mailed if the address or the password was wrong, if too many codes were asked for, or if the account has no code address. This page is the same for everybody, so it cannot tell you which. Start again and check both.
code-uniform-resent = If everything was right, a new code is on its way. An earlier one no longer works
code-uniform-expired = The code has expired. If everything was right, a new one is on its way
code-uniform-passkey = Use a passkey
code-uniform-passkey-hint = This works if you have added a passkey to your account.
code-sent-at = Sent
code-until = Valid until
code-submit = Sign in
code-restart = Sign in from the start
code-missing = The code has not arrived
code-missing-hint = It can take a minute or two. Look in your spam folder as well. The mail comes from {$sender}. If nothing comes after five minutes, the mail server of the address may be refusing our mail: a new code will not arrive either, so use another way.
code-resend = Send a new code
code-resend-waiting = Send a new code (in #s)
code-resend-ready = You can ask for a new code now
code-empty = Enter the code
code-length = The code has {$digits} digits. You entered {$typed}
code-wrong = { $n ->
    [one] That is not the code. You have one try left
   *[other] That is not the code. You have {$n} tries left
}
code-wrong-last = That is not the code. One more wrong try will stop this sign-in
code-earlier = That is an earlier code. Use the one in the mail with tally {$tally}
code-expired = The code has expired
code-expired-hint = Send a new one under "{ code-missing }".
code-expired-resent = The code has expired. We sent you a new one
code-resent = We sent a new code. The earlier one no longer works
code-new-tally = Open the mail with tally {$tally}.
code-wait = You can ask for a new code from {$time}
code-sends-out = No more codes for now. Start again from {$time}
code-no-more = No more codes can be sent for this sign-in. Use the one you have, or start again
code-stopped = Too many wrong codes. We stopped this sign-in
code-stopped-from = You can start again from {$time}.
code-stopped-now = You can start again from the beginning.
code-mail-down = We could not send the mail
code-mail-down-hint = Try "{ code-resend }" again in a minute.
tally = Tally
tally-hint = Open the mail with the same tally
trust-browser = { $n ->
    [one] Do not ask for a code in this browser for a day
   *[other] Do not ask for a code in this browser for {$n} days
}
trust-browser-hint = Leave this empty on a shared computer.

# Consent
consent-title = Allow "{$app}" to use your information?
consent-scopes = What it will get
consent-required = Required
consent-optional = Optional
consent-already = Already allowed ({$n})
consent-allow = Allow
consent-deny = Do not allow
consent-after = Either way you return to {$host}. You can withdraw this at any time under "{ area-apps }" in your account.
consent-claim = This one item: {$claim}
app-policy = What the app does with your data
app-terms = The app's terms of use
consent-verified = Publisher verified: {$publisher}
decision-too-soon = That was very quick. Read what is asked, then choose
consent-by-operator = Added by the operator
consent-looks-like = The name of this app looks like {$other}, and it may be another one
consent-mixed-name = The name of this app mixes letters that look alike
consent-unverified = Publisher not verified
consent-unverified-title = We have not verified who makes this app
consent-unverified-hint = Allow it only if you know {$host}.
scope-openid = An id that tells this app it is you
scope-profile = Your name and basic profile
scope-email = Your email address
scope-phone = Your phone number
scope-address = Your postal address
scope-offline_access = Keep access while you are away
scope-other = The app's own feature "{$scope}"
scope-hint-openid = It tells this app that you are the one who signed in.
scope-hint-offline = For example for notifications. It lasts until you withdraw it.
scope-hint-empty = You have not registered this yet, so nothing is given.
scope-hint-other = The maker of the app defines what this does.

# Device
device-title = Enter the code from your device
device-lead = Enter the code shown on the device you want to sign in on, such as a TV or a command line.
device-code = Code shown on the device
device-code-hint = 8 letters. Case, hyphens and spaces do not matter.
device-next = { login-next }
device-empty = Enter the code shown on the device
device-unusable = This code does not work. Get a new one on the device
device-warning = Allow this only if you started it yourself
device-warning-hint = Do not enter a code that someone gave you by phone or message.
device-confirm-title = Allow "{$app}" on this device?
device-question = Is this code on the screen of that device?
device-allow = Yes, allow
device-deny = No
device-allowed-title = Connected
device-allowed-lead = Go back to the device. You can close this page.
device-denied-title = Not allowed
device-denied-lead = Nothing was given to the device. You can close this page.

# Errors
error-next = What you can do
error-again = Start again
error-onward = Go on with this sign-in
error-onward-next = You are further on already. Go on from there.
error-redirect-uri-title = We stopped this sign-in
error-redirect-uri-lead = The app asked us to return you to an address it has not registered. To keep you safe we did not go on. Nothing about you was shared.
error-redirect-uri-next = Go back to the app and start again. If this keeps happening, send its support the reference below.
error-unknown-client-title = We do not know this app
error-unknown-client-lead = The link may be old or cut short. Nothing about you was shared.
error-unknown-client-next = Open the app anew and start from there.
error-client-stopped-title = This app is stopped
error-client-stopped-lead = Its maker or the operator has paused it.
error-client-stopped-next = Look for news from the maker of the app.
error-bad-request-title = The app's request has a mistake
error-bad-request-lead = We could not go on safely, so we stopped. Nothing about you was shared.
error-bad-request-next = Send the reference to the app's support.
error-flow-gone-title = This page is no longer in use
error-flow-gone-lead = You went on in another tab, or time ran out.
error-flow-gone-next = Start again from the app.
error-already-decided-title = You have already decided
error-already-decided-lead = You chose in another tab or a moment ago.
error-already-decided-next = Go back to the app. To choose again, start from the app.
error-csrf-title = We could not accept that
error-csrf-lead = We could not make sure that it came from a page you opened. Nothing was changed.
error-csrf-next = Open the page again and retry.
error-no-cookie-title = Cookies are needed
error-no-cookie-lead = Your browser sent no cookie, so we cannot tell where you were.
error-no-cookie-next = Allow cookies for this site in your browser and start again.
error-too-many-title = Wait a little
error-too-many-lead = There were many requests in a short time.
error-too-many-from = There were many requests in a short time. You can go on from {$time}.
error-changes-used-up-title = Enough changes for now
error-changes-used-up-lead = Your account was changed many times in a short time. Nothing was changed now. You can go on from {$time}.
error-changes-used-up-next = If you did not make those changes, look at your history and choose “{ not-me-link }”. That always works.
error-exports-used-up-title = Enough copies for today
error-exports-used-up-lead = A copy of your data was taken several times lately. You can take another one from {$time}.
error-exports-used-up-next = If you did not take them, look at your history and choose “{ not-me-link }”.
error-too-many-next = Wait, then try again.
error-blocked-title = This connection is stopped
error-blocked-lead = For safety we have stopped requests from this connection.
error-blocked-next = If this is a mistake, contact support with the reference.
error-paused-title = This is paused for now
error-paused-lead = For safety we have paused it. You can still sign in.
error-paused-next = Wait until it is back.
error-closed-title = The gate is closed for now
error-closed-lead = We are making sure all is safe. Nobody can sign in.
error-closed-news = News
error-closed-next = Wait until it is open again.
error-unavailable-title = We cannot do that right now
error-unavailable-lead = This is our fault and we are sorry. Nothing was changed.
error-unavailable-next = Wait a minute and try again.
error-not-found-title = Page not found
error-not-found-lead = There is no page at this address.
error-not-found-next = Check the address.
error-method-title = This cannot be opened that way
error-method-lead = This address is used in another way.
error-method-next = Go on with links and buttons.
error-too-slow-title = That took too long
error-too-slow-lead = Your browser took too long to send it, so we stopped listening.
error-too-slow-next = Check your connection and try again.
error-too-large-title = That was too large
error-too-large-lead = It was larger than we accept, so we did not read it.
error-too-large-next = Make it shorter and try again.
error-our-fault-title = Something failed on our side
error-our-fault-lead = We are sorry. It has been recorded.
error-our-fault-next = Wait a little and try again. If it keeps happening, contact support with the reference.

# Sign-out and return
sign-out-title = Sign out?
sign-out-lead = This signs you out of {$service} in this browser.
sign-out-apps = Apps in use in this browser:
sign-out-asked-by = {$app} asks whether you want to sign out.
sign-out-yes = Sign out
sign-out-no = Stay signed in
sign-out-effect = Next time you will need your password. Apps that are open may have to be signed out one by one.
signed-out-title = You are signed out
signed-out-lead = On a shared computer, close the browser as well.
signed-out-telling = Your apps are being told.
signed-out-unreached = We could not tell these apps. Open them and sign out there
stayed-title = You are still signed in
stayed-lead = We did not sign you out.
sign-in-again = Sign in
return-title = Return to {$app}
return-lead = {$app} ({$host}) on this device waits for the result of the sign-in.
return-own = Is this the app you are using now?
return-own-hint = Go on only if you opened the app on this device and started the sign-in yourself.
return-after = After that you can close this tab.

# Theme
theme-title = Appearance
theme-lead = This setting is for this browser only.
theme-auto = Automatic (as your device is set)
theme-light = Light
theme-dark = Dark

# Account
area-overview = Overview
area-security = Security
area-history = Sign-in history
overview-lead = Times are in {$zone}.
overview-you = You
overview-before = Last sign-in before this one
overview-first = This is your first sign-in
overview-security = See your security settings
overview-history = See your sign-in history
overview-devices = { $n ->
    [one] Signed in on one device
   *[other] Signed in on {$n} devices
}
overview-devices-link = See your devices
security-trusted-browsers = Trusted browsers
security-trusted-none = None
security-trusted-count = { $n ->
    [one] One browser skips the code
   *[other] {$n} browsers skip the code
}
overview-apps = { $n ->
    [one] One connected app
   *[other] {$n} connected apps
}
overview-no-apps = No connected apps
overview-apps-link = See your connected apps
profile-title = Change name, language or time zone
profile-language = Language
profile-language-hint = The language of pages and mails.
profile-zone = Time zone
profile-zone-hint = Dates and times in pages and mails are in this zone.
profile-zone-unknown = Choose a time zone from the list
profile-name-long = Use at most 100 characters for your name
profile-late = This was changed on another page meanwhile. Save it again
profile-save = Save
next-unexplained = A sign-in stopped after the right password
next-unexplained-hint = {$time}, {$device}. If this was not you, somebody knows your password.
next-recovery-codes = { $n ->
    [0] You have no recovery codes
    [one] You have one recovery code left
   *[other] You have {$n} recovery codes left
}
next-recovery-codes-hint = If you can no longer get codes, you cannot sign in without a recovery code.
next-code-address-link = Set a code address
login-address = Sign-in address
code-address = Code address
second-step = Two-step sign-in
second-step-on = On
second-step-off = Off
second-step-required = On (required by the operator)
second-step-on-hint = After the password we ask for a code that we mail you.
second-step-off-hint = Anyone who learns your password can sign in.
second-step-required-hint = This server asks everybody for a code.
password-changed = Changed {$time}
password-unchanged = Not changed since the account was made
next-code-refused = Mail to your code address is not arriving
next-code-refused-hint = Its mail server refuses our mail for good, so no code reaches you. Change the address now, while you are signed in.
code-address-refused = Mail to this address is not arriving
code-address-refused-since = Refused since {$time}
next-code-address = You have not set a code address
next-code-address-hint = Without it you cannot get a code, so two-step sign-in does not work.
next-second-step = Two-step sign-in is off
next-second-step-hint = Anyone who learns your password can sign in.
security-sign-in = How you sign in
alerts = Sign-in mails
alerts-lead = We can mail you when somebody signs in to your account.
alerts-always = Mails about new devices, and about somebody knowing your password, cannot be turned off.
alert-every = Tell me about every sign-in
alert-every-hint = You get a mail each time; several within ten minutes come in one.
alert-new-device = Tell me about new devices only
alert-new-device-hint = You get a mail about a browser you have not used before, and about a sign-in after several failures.
alert-off = Do not tell me about ordinary sign-ins
alert-off-hint = You get no mail about browsers you have used before, except after several failures.
save-alerts = Save mail settings

# History
history-lead = Every attempt is here, failures included. Times are in {$zone}.
history-warning = { $n ->
    [one] One sign-in stopped after the right password
   *[other] {$n} sign-ins stopped after the right password
}
history-warning-hint = {$day}, {$time}. If this was not you, somebody knows your password.
history-warning-link = Look at this record
history-count = { $n ->
    [one] One record
   *[other] {$n} records, newest first
}
history-empty = No records match
history-empty-yet = No records match so far
history-stopped = It was stopped. You need not do anything
history-file = Download for a spreadsheet (CSV)
history-file-cut = Older records are not in this file
same-network = same network
about-place = approximately { $place }
from-day = First day
to-day = Last day
filter-days-hint = Days count in place of the period. For the IP address, a range such as 203.0.113.0/24 works as well.
date-shape = Enter a day like 2026-11-22
range-order = The end date must be after the start date
first-time = First time
times-column = Times
what-column = Event
how-column = Details
app-column = App
event-column = Record
place-column = Place (approximately)
result-changed = Changed
filter = Filter
filter-clear = Clear filters
period = Period
period-days = Past {$n} days
result = Result
result-all = All
result-passed = Passed
result-failed = Failed
result-stopped = Blocked
ip = IP address
ip-shape = Enter an address like 203.0.113.5 or 203.0.113.0/24
device = Device
device-and-app = Device and app
source = From
note = Note
today = Today
this-device = This device
pager = Pages
older = Older records
did-sign-in = Signed in
did-wrong-password = Wrong password
did-block = Blocked
did-ask-code = Stopped at the code
did-wrong-code = Wrong code
did-late-code = Code came too late
did-stop-code = Stopped after wrong codes
did-sign-out = Signed out
did-allow-app = Allowed an app
did-deny-app = Did not allow an app
did-allow-device = Allowed a device
did-deny-device = Did not allow a device
did-wrong-device = Entered a device code that does not work
did-revoke = Ended the access of an app
did-change-alert = Sign-in mails changed
did-look = Looked at your account
did-change = A setting changed
did-not-change = A setting was to be changed
did-not-switch-second-step = Wrong present password while switching two-step sign-in off
did-stop-account = Account stopped
did-open-account = Account opened again
did-take-data = Took a copy of your data
did-create = Account created
did-app = An app used its access
how-code = Password and code
how-password = Password only (two-step sign-in off)
how-trusted-browser = Password only, code skipped (trusted browser)
how-others-stay = Other devices stayed signed in
how-nothing-changed = Nothing was changed
did-not-change-password = Wrong present password while changing it
did-change-profile = Name, language or time zone changed
did-change-language = Language changed
how-password-right = The password was right
how-nobody-in = Nobody got in
how-many-tries = Many tries in a short time
how-account-stopped = The account is stopped
how-by-you = Done by you
how-by-operator = Done by the operator
how-by-app = An app you allowed
how-nothing-given = Nothing was given
how-access-ended = Its keys no longer work
how-setting = Account setting

# Help
help-title = Help
help-lead = What often happens, and what to do.
help-code = The code does not arrive
help-code-1 = It can take a minute or two. Look in your spam folder as well. The mail comes from {$sender}.
help-code-2 = If several mails arrived, open the one with the tally you see on the page (a word and a number, like "Pine 47"). Only the newest code works.
help-password = You forgot your password
help-password-1 = Open "{ login-forgot }" on the sign-in page. The operator never asks for your password.
help-unknown = You got a mail you did not expect
help-unknown-1 = Never tell anybody a code. If a code arrives that you did not ask for, somebody knows your password: change it in your account, or use "{ login-forgot }" on the sign-in page.
help-unknown-2 = Your sign-in history shows every attempt, failures included. Look for devices and addresses you do not know.
help-mail = Is a mail from us real?
help-mail-1 = Our mails with codes have no links. The safe way is to type {$host} into your browser yourself.
help-contact = Contact
help-contact-1 = If an error page showed a reference (it starts with SK-), send it along. Never send a password or a code.
contact-at = You reach the operator at {$contact}.
contact-operator = Ask the operator of this server: the company or organisation that gave you the account.

# Privacy
privacy-title = Privacy
privacy-lead = What {$service} keeps for signing you in, and how it is used.
privacy-kept = What is kept
privacy-kept-1 = Your email addresses, your name and what else you registered. They are encrypted with a key kept outside the database.
privacy-kept-2 = Your password itself is not kept. It is turned into a form that cannot be turned back, sealed, and used only to check it.
privacy-history = Sign-in records
privacy-history-1 = For every sign-in and every change of a setting we keep the time, the result, the IP address, the kind of device and the app for {$n} days. You see them in your sign-in history. They serve to find and stop misuse.
privacy-given = What apps get
privacy-given-1 = Only what you allowed, and only the app you allowed. Nothing is used for advertising, and nobody else's analytics run here.
privacy-mails = Mails
privacy-mails-1 = You only get codes and mails about safety. They carry no images and no tracking.
privacy-contact = Contact
privacy-cookies = Cookies
cookie-session = Remembers that you are signed in. Gone when you close the browser.
cookie-visit = Ties a sign-in that is under way to this browser.
cookie-browser = Tells that this browser was used before. One year.
cookie-state = Lets apps notice that you signed out. It opens nothing. Gone when you close the browser.
cookie-queue = Your place in the queue when very many people change their password
cookie-flash = What the next page tells you, such as that something was saved. Two minutes.
cookie-language = Remembers the language you chose. One year.
cookie-theme = Remembers the appearance you chose. One year.

# Dev pages
dev = Development
dev-banner = Development mode
dev-home = Start here
dev-title = It is running
dev-lead = The issuer is {$issuer}. Try this first.
dev-warning = This is development mode
dev-warning-hint = It answers this machine only. Passwords are shown here and mails are not sent. Use sekisho serve in production.
dev-do = What to do
dev-do-playground = Start a sign-in as the demo app.
dev-do-sign-in = Sign in as the user below.
dev-do-mail = The code arrives here.
dev-do-history = See that the sign-in was recorded.
dev-user = A user to try
dev-password-printed = Printed in the terminal at the first start
dev-clients = Demo apps
dev-links = Entrances
dev-mail = Caught mails
dev-mail-lead = These mails would have been sent. The newest is on top.
dev-mail-count = { $n ->
    [one] One mail
   *[other] {$n} mails, newest first
}
dev-mail-none = No mails yet
dev-mail-none-hint = Start a sign-in and its code arrives here.
dev-mail-back = All caught mails
dev-mail-text = Text part
dev-mail-html = HTML part of the mail
dev-mail-headers = Headers
subject = Subject
to = To
from = From
dev-playground = Playground
playground-lead = It signs in the way a real app does, checks the tokens it gets, and shows them.
playground-start = Start signing in
playground-again = Once more
playground-result = What the app received
playground-checks = What the app checked
playground-check = Check
playground-passed = All checks passed
playground-passed-hint = The app may believe that this person signed in.
playground-failed = Some checks did not pass
playground-refused = The app was answered {$error}
check-passed = Passed
check-failed = Failed
check-state = state is the one that was sent
check-answer-issuer = iss of the answer is the issuer (RFC 9207)
check-signature = The signature fits a public key of the issuer
check-issuer = iss is the issuer
check-audience = aud is this app
check-lifetime = exp and iat fit the present
check-nonce = nonce is the one that was sent
check-at-hash = at_hash fits the access token
check-access-token = The access token is a JWT of the issuer (RFC 9068)
check-userinfo = sub of userinfo is that of the ID token
token-id = ID token
token-access = Access token
token-refresh = Refresh token
token-userinfo = Answer of userinfo
token-header = Header
token-claims = Claims
token-value = Value

## A new password
forgot-title = Forgot your password?
forgot-lead = Enter the address you sign in with. We send a link to choose a new password.
forgot-submit = Send the link
forgot-sent = Look at your mail
forgot-sent-hint = If there is an account, a mail with the next step is on its way. The link works for {$n} minutes.
forgot-nothing = If a link was mailed within the last hour, there may be no new one: the newest link works. If nothing arrives, look in the spam folder, check the address you typed, or try again later.
forgot-again = Send a new link
help-code-address = If you cannot read your mail or your codes
new-password = New password
new-password-hint = At least {$n} characters. Spaces and any letters are fine. Do not reuse one.
new-password-left = Characters still missing: #
new-password-short = Use at least {$n} characters
new-password-long = Use at most {$n} characters
new-password-character = This password has a character that is not allowed
new-password-common = This password is on a list of common ones
new-password-breached = This password has appeared in a leak
between-sentences = {". "}
new-password-context = Do not use your address, your name or our name in it
new-password-weak = This password is too easy to guess. Make it longer or less regular
new-password-same = Choose one you have not used here
new-password-title = For your safety, choose a new password
new-password-marked = The operator asks for a new password before you go on.
new-password-below = Your password comes from the former service and is weaker than what is asked here.
new-password-known = Your password is on a list of common or leaked ones, so others may know it.
new-password-ends = All other devices will be signed out.
reset-title = Choose a new password
reset-lead = With this page you replace your password. All devices will be signed out.
reset-submit = Save the new password
let-in-title = Go on by mail
let-in-lead = Enter the address you sign in with. We send a link. Open it in this browser, then sign in with your password as always; nothing is changed.
let-in-here = Sign in in this browser
let-in-here-lead = With this link you can try although this browser is held up. You are asked for your password and everything else as always.
let-in-here-submit = On to the sign-in
let-in-used-hint = A link works once. If you are not signed in yet, ask for a new one.
let-in-why = Do you remember your password, and were only held up by too many tries?
let-in = Keep the password and sign in here
reset-code-why = This mailbox alone is not enough, because your codes come to it or it is not the one you sign in with. Enter one of your recovery codes.
reset-no-code = No recovery code?
reset-wait-why = No recovery code? You have used this browser before. You can wait here for a day; we tell all your addresses. After that, ask for a new link in this browser.
reset-wait = Wait a day instead
reset-wait-until = You are waiting at this browser. From {$time} on, a new link works without a recovery code.
reset-done = Your password is changed
reset-done-hint = All other devices were signed out. Sign in with the new password.
reset-waiting = The waiting time has begun
reset-waiting-hint = From {$time} on, ask for a new link in this browser. We told all your addresses.
reset-used = This link has been used
reset-used-hint = A link works once. Ask for a new one if you need to change your password again.
reset-over = This link has expired
reset-over-hint = A link works for a short time, and a newer one replaces it. Ask for a new one.
recovery-title = Sign in with a recovery code
recovery-lead = Use one of the recovery codes you saved. Each works once.
recovery-code = Recovery code
recovery-hint = 16 letters and digits. Hyphens and case do not matter.
recovery-missing = Enter a recovery code
recovery-wrong = This recovery code does not work. Check it, or use another one
recovery-throttled = Too many wrong codes. Try again from {$time}
recovery-back = Back to the mailed code
recovered-left = { $n ->
    [0] You used one recovery code. None is left
   *[other] You used one recovery code. {$n} left
}
recovered-title = Check your code address
recovered-lead = The codes you sign in with are mailed to {$address}.
recovered-change = If you can no longer read mail there, change the address now, while you are signed in.
recovered-held = If you can no longer read mail there, change the address from {$time} on. Until then it stays as it is, because a recovery code was used: if that was not you, you can still stop it. Keep the rest of your recovery codes at hand.
recovered-address = Change the code address
recovery-codes = Recovery codes
recovery-codes-lead = With a recovery code you get in when no mail reaches you. Keep them where nobody else looks.
recovery-codes-present = Your codes
recovery-none = You have no recovery codes.
recovery-left = {$left} of 10 are left, made {$time}.
recovery-codes-replace = A new set replaces the old one. We tell all your addresses.
recovery-codes-make = Make new recovery codes
recovery-codes-new = Your new recovery codes
recovery-codes-once = They are shown only now. Write them down or print them.
recovery-codes-already = New codes were made already
recovery-codes-already-hint = This form was sent before, and its codes were shown then. They still work, and nothing was changed. If you do not have them, make new ones.
recovery-codes-saved = I have saved them
no-code-address = You have not set a code address yet
no-code-address-hint = A code is needed to sign in, and where it goes cannot be set with the password alone. Ask the operator: once it is clear that it is you, the operator can note an address for your codes.
help-address-lead = There are five ways, in this order.
help-address-device = If you are still signed in on another device, open "{ area-security }" there and change your code address, or make recovery codes.
help-address-1 = Use one of your recovery codes: on the page that asks for the code, open "{ code-missing }" and choose the recovery code.
help-address-2 = If you forgot your password, open the link of the reset mail in a browser you have used before. You can wait there for a day instead of entering a recovery code.
help-address-3 = Otherwise ask the operator. The operator checks who you are, and can start a reset or set another address for your codes. The operator never asks for your password or a code.
help-address-note = Nothing on this page depends on your account, and we cannot tell here whether you have one.
did-ask-let-in = Link to sign in asked for or used
did-ask-reset = New password asked for
did-change-password = Password changed
did-make-recovery-codes = Made recovery codes
did-use-recovery-code = Used a recovery code
did-wrong-recovery-code = Wrong recovery code
how-let-in = By mail; the password stayed
how-mail-link = By mail, by the operator, or at a sign-in
how-signed-out = All devices were signed out
queue-title = Many people are here
queue-lead = Very many people are changing their password just now. Your place is kept, and this page comes back by itself.
queue-position = Your place
queue-about = It takes about
queue-minutes = {$n ->
    [one] 1 minute
   *[other] {$n} minutes
}
queue-full = The queue is full as well. This page tries again by itself in a minute.
queue-keep = Leave this page open. Reloading it or opening more tabs does not make it faster.
queue-outlives = {$n ->
    [one] What led you here works for a minute at most, and the wait is longer. When it is over, sign in again or ask for a new link, and open it in this browser: your place stays.
   *[other] What led you here works for {$n} minutes at most, and the wait is longer. When it is over, sign in again or ask for a new link, and open it in this browser: your place stays.
}
queue-retry = Try now

# Proving an address
proof-register-title = Confirm your address
proof-code-title = Confirm the code address
proof-login-title = Confirm the new sign-in address
proof-over-title = The confirmation is stopped
proof-lead = We sent a code to {$email}. Enter its {$digits} digits here, in this browser, within {$minutes} minutes.
proof-submit = Confirm
proof-other = Use another address
proof-restart = Start again
proof-wrong-last = That is not the code. One more wrong try will stop the confirmation
proof-no-more = No more codes can be sent for this confirmation. Use the one you have, or start again
proof-stopped = Too many wrong codes. We stopped the confirmation
proof-unavailable = The address cannot be confirmed right now

# Changing an address
change-login-title = Change the sign-in address
change-login-lead = We mail a code to the new address. It counts once you have entered the code here.
change-login-hint = From then on you sign in with this address.
change-code-title = Change the code address
change-code-lead = Your codes go to this address. It counts once you have entered the code we mail there.
change-code-hint = Use an address other than the one you sign in with, one you can always read.
address-new = The new address
address-present = At present: {$email}
address-consequences = Other devices are signed out, and every address you had is told. Those you had before can undo the change for seven days.
address-send = Send a code
address-is-present = This is your present address. Enter another one
address-same-as-login = Use a different address from the one you sign in with
address-same-as-code = Use a different address from the one that receives your codes
address-behind-gate = Mail to this address is behind this sign-in. If you cannot sign in, you cannot read the code. Use another one
address-no-mailbox = No mail can be sent to this address. Use another one
address-held = Addresses can be changed from {$time} on
address-held-hint = A recovery code was used in the last three days. Until then the addresses stay, so that you can stop somebody else. If it was not you, change the password now.
address-late = The address was not changed
address-late-hint = It may belong to another account by now, or something else was changed at the same time. Try again.
address-waits = Waiting for confirmation
address-undo-until = The change can be undone from your former addresses until {$time}.
address-changed-login = Your sign-in address is changed
address-changed-code = Your code address is changed
address-changed-hint = Other devices are signed out, and no browser is trusted to skip the code any more. We told all your addresses.
did-change-login-address = Sign-in address changed
did-change-code-address = Code address changed
how-address-undone = Undone by a mailed link
proof-mailbox-title = Enter the code from your sign-in mailbox
set-up-lost-title = You cannot read the code address any more
set-up-lost-lead = If you have no recovery code and no other device that is signed in, you can set another code address after a wait of 72 hours.
set-up-lost-told = All your addresses are told at once and again every day, with a link that stops it. A sign-in with a code that still arrives stops it too.
set-up-first-title = Set your code address
set-up-first-lead = Signing in here takes a code, and there is no address yet that it could go to.
set-up-due-lead = The wait is over: you can set another code address now.
set-up-mailbox = First show that you read the mail of your sign-in address. We send a code to {$email}.
set-up-waits = Another code address can be set from {$time}
set-up-waits-lead = We have told your addresses. Come back after that time, within a week: sign in with your password and open this page from the code page. If a code arrives after all, just sign in with it.
set-up-new-title = Your new code address
set-up-consequences = Once you have entered the code we mail there, all devices are signed out. We tell every address; those you had before can undo it for seven days.
set-up-done = Your code address is set
set-up-done-lead = All devices are signed out. Sign in again: codes go to the new address from now on.
set-up-closed = This cannot be done here
set-up-closed-hint = Your password alone does not set where codes go. Use a recovery code, or ask the operator: once it is clear that it is you, the operator can note an address for your codes.
set-up-held-hint = The password was set with a mailed link alone, or a recovery code was used, in the last three days. Nobody can say where codes go until then, so that you can stop somebody else. A recovery code signs you in at once; otherwise ask the operator.
set-up-back = Back to the code
keep-address-title = Do you still read your code address?
keep-address-lead = Somebody who knows your password reported that the address is lost, and could set another one after three days. If you stop this, codes go there as before.
keep-address-stop = Stop it: the address stays
keep-address-done = Codes go to your address as before. If you did not report the loss yourself, somebody knows your password and may read your mail: change both passwords now.
did-report-address = Code address reported as lost
did-keep-address = Code address kept
how-address-lost = With password and sign-in mailbox; another one after 72 hours
how-address-kept = The report was stopped
help-address-wait = If codes no longer reach you and you have none of these, open "{ code-missing }" on the page that asks for the code and report the address as lost. You prove that you read your sign-in mailbox, all your addresses are told for 72 hours and can stop it, and then you can set another address. Not every server offers this, and it is not for addresses that are the same.
undo-login-title = Undo the change of your sign-in address
undo-code-title = Undo the change of your code address
undo-lead = The former address, {$mask}, comes back.
undo-lead-none = The new address goes; there was none before.
undo-consequences = Every later change of an address is undone as well. All devices are signed out, recovery codes no longer work, and the password has to be changed.
undo-submit = Undo the change
undo-was-me = If you made the change yourself, close this page. Nothing has happened yet.
undo-done = The change is undone
undo-done-lead = All devices are signed out. Choose a new password now: whoever changed the address may know the old one.
undo-forgot = Choose a new password
undo-used = This change has been undone
undo-over = This link has expired
undo-over-lead = If your account is in the hands of somebody else, ask the operator.

## Changing the password in the account pages
own-password-title = Change the password
present-password = Present password
present-password-empty = Enter your present password
present-password-wrong = This is not your present password
own-password-others = Keep other devices signed in
own-password-others-hint = Without the tick every other device is signed out and every app has to ask you again. Trusted browsers are asked for the code either way.
own-password-late = Something else was changed at the same moment
own-password-late-hint = Nothing was changed here. Please try once more.
own-password-done = Your password is changed
own-password-done-hint = Every address of yours was told by mail.

# Devices and connected apps
area-devices = Devices
area-apps = Connected apps
devices-lead = These devices are signed in. Times are in {$zone}.
devices-count = { $n ->
    [one] 1 device
   *[other] {$n} devices
}
devices-began = Since
devices-seen = Last used
devices-end = Sign out
devices-end-others = Sign out everywhere else
devices-others-lead = You stay signed in here. Every other device has to sign in again.
devices-others-ends = What ends
devices-others-none = No other device is signed in
devices-others-trust = { $n ->
    [one] Trust in 1 browser
   *[other] Trust in {$n} browsers
}
apps-may-lag = { $n ->
    [one] Some apps may take up to 1 minute to stop.
   *[other] Some apps may take up to {$n} minutes to stop.
}
ended-session = The device was signed out
ended-others = Every other device was signed out
ended-trust = The trust was ended
trusted-browsers = Trusted browsers
trusted-lead = A trusted browser skips the code after the password. The password is always asked.
trusted-none = No browser is trusted.
trusted-until = Until {$time}
trusted-seen = Since {$since}, last used {$time}
trusted-end = Stop trusting
trusted-end-all = Stop trusting all
apps-lead = These apps can use your information. Times are in {$zone}.
apps-empty = No app is connected
apps-may = What it may do
apps-since = Since
apps-used = Last used
apps-unused = No record
apps-offline = While closed
apps-offline-yes = Works on after you sign out
apps-offline-no = Works only while you are signed in
apps-remove = Remove access
apps-removed = Access was removed
apps-remove-title = Remove the access of {$app}?
apps-remove-lead = The app can then do nothing for you any more. If you use it again, you are asked again.
apps-remove-stops = What stops
apps-remove-stays = Information already given may stay with the app. Ask its maker to delete it.
did-end-session = Signed out a device
did-end-others = Signed out every other device
did-distrust = Stopped trusting a browser
go-back = Go back
did-not-me = Said "this was not me"
did-browser-stolen = A trusted browser may have been copied
how-browser-ended = Its trust and its sign-ins were ended

# This was not me
not-me-link = This was not me
not-me-title = A sign-in you do not know
not-me-change-title = A change you do not know
not-me-lead = If you do not know this, stop it with the button below.
not-me-app = App
not-me-does = What the button does
not-me-does-1 = It ends that device's session, and what apps were given through it.
not-me-does-prepared = It takes back what was prepared there: recovery codes, second steps, networks, the choice of mails, and changed addresses. A second step that was added more than a day ago, or is used elsewhere, goes after three days, unless a link in your mails stops that.
not-me-does-2 = It ends the trust in every browser.
not-me-does-3 = It tells all your addresses, and leaves a record for the operators.
not-me-lock = Protect my account until I choose a new password
not-me-lock-hint = Every device is signed out. Your present password then only lets you choose a new one.
not-me-locks = Your account is protected until you choose a new password: every device is signed out, recovery codes no longer work, and your present password then only lets you choose a new one. That cannot be left out here, because something that guards the account is taken back, or the password itself was changed.
not-me-button = Stop that device and protect my account
not-me-was-me = If this was you, you need not do anything. Looking at this page changes nothing.
not-me-done = Stopped
not-me-done-lead = Next, choose a new password.
not-me-over = This link does not work
not-me-over-lead = It was used, or its time is over. If you are worried, sign in and look at your history, or choose a new password.
not-me-reset = Choose a new password

# Making an account
register-dest = We will return you to {$host} afterwards
register-lead = To make an account at {$service} we first confirm the address you will sign in with.
register-email-hint = We send a code there.
register-send = Send a code
register-have-one = I have an account: sign in
register-closed = New accounts are closed for now
register-closed-hint = If you have an account, you can sign in as before.
register-invitation-needed = You need an invitation to create an account
register-invitation-needed-hint = Open the link of your invitation, or ask the operator for one.
register-invitation-over = This invitation cannot be used
register-invitation-over-hint = It was used, or its time is over. Ask the operator for a new one.
register-invitation-elsewhere = This invitation is for another address
register-invitation-elsewhere-hint = Open the link of the invitation again and enter the address that was invited.
register-elsewhere = This invitation is for another address. Enter the address that was invited
register-taken = This address has an account by now
register-taken-hint = It was made while you were here. Sign in with it, or choose a new password if you do not know the one it has.
register-details-title = Your name and password
register-details-lead = {$email} is confirmed. Now choose a password.
register-name = Name (optional)
register-name-hint = Apps get it only if you allow them to.
register-name-long = Use at most 100 characters for the name
register-name-character = The name has characters that cannot be seen. Type it without them
register-wait = Many accounts were made from this connection. Wait until {$time}
register-code-title = Your code address
register-code-lead = Each time you sign in we send a code to this address. It counts once you have entered the code we mail there now.
register-later = Later
register-later-hint = Until then, codes go to {$email}. You can change that at any time on the security page.
register-done-title = Your account is ready
register-done-lead = You are signed in as {$email}.
show-present-password = Show the present password
hide-present-password = Hide the present password

# Notices about incidents
incidents-title = Security notices
incidents-lead = A mail from us about an incident says what stands here, and asks you to type {$host} yourself.
incidents-one = {$day}: {$summary}
incidents-told = Those concerned were told by mail from {$day} on.
incidents-none = There has been no notice. A mail that says so is not from us.
incidents-links = Our mails about incidents have no links. Do not open links in mails that look like them.
incident-what = What happened
incident-items = Information involved
incident-cause = Cause
incident-harm = Risk of misuse
incident-done = What we have done
incident-contact = Contact
incident-reach = {$contact} ({$hours})

# Data and leaving
area-data = Your data
data-take = Take your data along
data-take-lead = A file (JSON) with everything kept about you: account, settings, devices, apps and history. It holds no passwords and no codes.
data-take-submit = Download the file
data-take-told = When a copy is taken, we mail all addresses of your account.
data-take-html = Download to read (HTML)
data-file-lead = This is what is kept about you. It holds no password and no secret. Times are in UTC.
data-yes = Yes
data-no = No
data-key-about = This file
data-key-service = Service
data-key-issuer = Issuer
data-key-made_at = Made at
data-key-account = Account
data-key-sub = Identifier for apps
data-key-created_at = Account made at
data-key-state = State
data-key-leaves_at = Erased at
data-key-sign_in_address = Sign-in address
data-key-sign_in_address_verified_at = Sign-in address confirmed at
data-key-code_address = Code address
data-key-code_address_verified_at = Code address confirmed at
data-key-password_chosen_at = Password chosen at
data-key-recovery_codes_left = Recovery codes left
data-key-claims = Profile items
data-key-settings = Settings
data-key-language = Language
data-key-time_zone = Time zone
data-key-sign_in_mails = Sign-in mails
data-key-two_step = Two-step sign-in
data-key-networks = Networks you sign in from
data-key-second_steps = Second steps
data-key-kind = Kind
data-key-name = Name
data-key-added = Added
data-key-last_used = Last used
data-key-sessions = Devices signed in
data-key-began = Began
data-key-address = IP address
data-key-browser = Browser
data-key-apps = Connected apps
data-key-browsers = Browsers used before
data-key-first_seen = First seen
data-key-last_seen = Last seen
data-key-trusted_until = Trusted until
data-key-app = App
data-key-scope = Scope
data-key-since = Since
data-key-history = History
data-key-at = Time
data-key-what = Event
data-key-outcome = Outcome
delete-title = Delete my account
delete-lead = { $n ->
    [one] The account is deleted after 1 day. Until then you can keep it by signing in.
   *[other] The account is deleted after {$n} days. Until then you can keep it by signing in.
}
delete-go = Delete my account…
delete-now = At once
delete-now-devices = Every device is signed out, this one too.
delete-now-apps = Apps can do nothing for you any more, and are told that you are signed out.
delete-now-mail = All your addresses are told by mail.
delete-then = { $n ->
    [one] After 1 day
   *[other] After {$n} days
}
delete-then-data = Addresses, password, name, settings, devices and permissions are erased. Nobody can bring them back.
delete-then-kept = Records of sign-ins stay until they are 180 days old, without your address or name.
delete-then-apps = What apps know about you stays with them. Ask their makers to delete it.
delete-type = Type your sign-in address as shown
delete-mistyped = Type it exactly as shown
delete-submit = Delete my account
keep-title = Keep your account?
keep-lead = This account is deleted on {$time}.
keep-submit = Keep my account
keep-not = Sign out and let it be deleted
left-title = Your account is to be deleted
left-until = It is deleted on {$day}. Until then you can keep it: sign in.
left-mail = We told all your addresses. Every device is signed out.
did-ask-deletion = Asked to delete the account
did-stop-deletion = Kept the account

# Status page and gate positions (9.6)
status-title = Status
status-notice = From the operator
status-gate = The gate
status-here = now
status-until = Until
status-at = As of
gate-normal-name = Open
gate-normal-title = Everything is working
gate-normal-lead = You can sign in as usual.
gate-watch-name = Guarded
gate-watch-title = We are on our guard
gate-watch-lead = You can sign in. Everybody is asked for the mailed code, and new registrations have to wait.
gate-frozen-name = Restricted
gate-frozen-title = Some actions are paused for safety
gate-frozen-lead = You can sign in. Passwords, addresses and new apps cannot be changed for now.
gate-closed-name = Closed
gate-closed-title = The gate is closed for now
gate-closed-lead = Nobody can sign in. Whoever is signed in can go on.
gate-silent-name = Stopped
gate-silent-title = The service is stopped for now
gate-silent-lead = Nobody can sign in, and apps get no new access.
gate-sealed-name = Sealed
gate-sealed-title = The service is sealed for now
gate-sealed-lead = Only this page answers.

## Allowed networks (S14)
networks = Networks you can sign in from
networks-lead = Sign-ins work only from the networks you list here, even for somebody who knows your password and reads your mail. Leave the list empty to sign in from anywhere.
networks-choose = Choose networks
networks-anywhere = From anywhere
networks-some = { $n ->
    [one] From one network only
   *[other] From {$n} networks only
}
networks-anywhere-hint = You can sign in from anywhere.
networks-some-hint = Sign-ins from elsewhere take a recovery code.
networks-first = Make recovery codes first
networks-no-way-out = On the way, or when your address changes, you get in with a recovery code only. Make recovery codes before you limit the networks.
networks-here = Where you are now
networks-you-are = Your address is {$ip}.
networks-offer = Allow only {$network}
networks-change = Addresses at home may change from time to time, and phones change them often. If your connection has IPv4 and IPv6, list both.
networks-list = Your list
networks-label = Networks, one a line
networks-hint = For example 203.0.113.24, 203.0.113.0/24 or 2001:db8:1::/48
networks-save = Save the list
networks-clear = Allow sign-ins from anywhere
networks-unreadable = “{$line}” is not an address or a network. Write it like 203.0.113.0/24.
networks-too-many = List {$most} networks at most.
networks-not-here = Your present address {$ip} is not in the list. You would lock yourself out.
networks-everywhere-refused = This allows everybody. Empty the list instead.
networks-outside-title = You cannot sign in from this network
networks-outside-lead = You limited sign-ins to networks of your choice. Come from one of them, or use a recovery code. No code was mailed.
did-outside-networks = Right password from a network you do not allow
did-networks = Networks you can sign in from changed
# Second steps
second-steps-change = Choose how the second step works
second-steps-lead = What is asked for after your password.
second-step-switch = On and off
second-step-turn-on = Switch two-step sign-in on
second-step-turn-off = Switch two-step sign-in off
second-step-off-length = { $n ->
    [one] Your password then has to stand alone: it must have at least one character.
   *[other] Your password then has to stand alone: it must have at least {$n} characters.
}
second-step-off-short = { $n ->
    [one] Your password is too short to stand alone. Choose one with at least one character first
   *[other] Your password is too short to stand alone. Choose one with at least {$n} characters first
}
second-step-required-app = {$app} asks everybody who uses it for the second step, so it stays on. Remove the app's access first.
second-step-no-way = Set a code address, or add an authenticator app or a passkey. Then it can be switched on.
second-step-stays = Two-step sign-in stays on
second-step-stays-off = Two-step sign-in stays off
second-step-now-on = Two-step sign-in is on
second-step-now-off = Two-step sign-in is off
factor-app = Authenticator app
factor-app-lead = An app on your phone shows a new code every 30 seconds, even without a network.
factor-app-add = Add an authenticator app
factor-app-remove = Remove the authenticator app
factor-app-added = The authenticator app is added
factor-passkeys = Passkeys
factor-passkeys-lead = Your device confirms with fingerprint, face or PIN that it is you. Passkeys do not work on forged pages.
factor-passkey-add = Add a passkey
factor-passkey-remove = Remove
factor-passkey-remove-named = Remove the passkey {$name}
factor-passkey-rename = Rename
factor-passkey-rename-save = Save the name
factor-passkey-synced = Kept: synced to other devices
factor-passkey-one-device = Kept: on one device or key only
did-rename-passkey = Passkey renamed
factor-passkey-added = The passkey is added
factor-removed = It is removed. We have told your addresses
factor-used = Added {$made}, last used {$used}
factor-unused = Added {$made}, not used yet
factor-instead-of-mail = With an authenticator app or a passkey no codes are mailed any more.
factor-have-recovery = Keep recovery codes in case you lose the device.
app-add-lead = Scan the picture with your authenticator app, then enter the code it shows. It counts only after that.
app-scan = Tell the app
app-picture = Picture to scan with the authenticator app
app-open = Open in an app on this device
app-type = Or type this into the app:
app-secret-hint = Whoever sees this can make your codes. It is shown on this page only, and no more once the app is added.
app-secret-new = That took too long. Scan the new picture
app-first-code = Enter the first code
app-code = Code from the app
app-code-hint = 6 digits
app-code-shape = Enter the 6 digits that the app shows
app-code-wrong-clock = That is not the code. Check that the clock of your phone is right, then try the next code
app-code-wrong = { $n ->
    [one] That is not the code, or it was used before. Wait for the next one; one more wrong try will stop this sign-in
   *[other] That is not the code, or it was used before. Wait for the next one; {$n} tries are left
}
app-add-submit = Add the app
passkey-add-lead = The passkey is made by your device. You will confirm with fingerprint, face or PIN.
passkey-name = Name of the passkey
passkey-name-hint = So that you recognise it, for example "My phone". Up to 60 characters.
passkey-name-missing = Give the passkey a name of up to 60 characters
passkey-make = Make the passkey
passkey-use = Use a passkey
passkey-script = Passkeys need JavaScript. Switch it on for this page, or use another way.
passkey-unknown-here = This browser does not know passkeys. Use another browser, or another way.
passkey-no-answer = The passkey was not confirmed. You can try again.
passkey-refused = The passkey was not accepted
passkey-refused-hint = Nothing changed. Try again on this page.
passkey-already = This passkey is in use already, or there are too many
passkey-tries = { $n ->
    [one] One more wrong try will stop this sign-in.
   *[other] {$n} tries are left.
}
stronger-title = Confirm that it is you
stronger-app-title = Enter the code from your app
stronger-passkey-title = Use your passkey
stronger-lead = Use a passkey, or enter the code that your authenticator app shows.
stronger-app-lead = Your authenticator app shows a code of 6 digits. No code is mailed.
stronger-passkey-lead = Confirm with your device. No code is mailed.
stronger-passkey-unavailable = Passkeys cannot be used here at the moment. Use a recovery code, or ask the operator.
stronger-missing = You do not have your device?
lost-title = Authenticator app or passkey lost
lost-lead = If you have no recovery code either, you can report the loss. After three days a mailed code to your code address is accepted in its place, and everything stronger is removed.
lost-told = We tell all your addresses at once. Anybody who reads them can stop it, and so does signing in with the app or the passkey.
lost-submit = Report the loss
lost-waits = From {$time} a mailed code is accepted
lost-waits-lead = We have told your addresses. Come back after that time, within a week, and sign in with your password. If you find your device, just sign in with it.
lost-no-address = There is no address we could mail a code to
lost-no-address-lead = Use a recovery code, or ask the operator.
lost-back = Back to the second step
loss-waits = A loss was reported
loss-waits-until = From {$time} a mailed code will be accepted in the place of your authenticator app or passkey. If that was not you, stop it now and change your password.
loss-stop = Stop it: nothing is lost
loss-stopped = It is stopped
loss-stopped-hint = Your second step is asked for as before. If you did not report the loss yourself, somebody knows your password: change it now.
factor-keep-title = Was your second step not lost?
factor-keep-lead = Somebody who knows your password reported that your authenticator app or passkey is lost. If you stop this, it is asked for as before.
keep-over = There is nothing to stop
keep-over-lead = It was stopped before, its time is over, or the link is incomplete.
did-second-step-on = Two-step sign-in switched on
did-second-step-off = Two-step sign-in switched off
did-add-app = Authenticator app added
did-remove-app = Authenticator app removed
did-add-passkey = Passkey added
did-remove-passkey = Passkey removed
did-report-loss = Second step reported lost
did-stop-loss = Report of a loss taken back
did-give-up-factors = Second step replaced after a loss
how-passkey = Password and passkey
