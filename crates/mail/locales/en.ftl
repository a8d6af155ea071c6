# Mails and the words shared with the pages. Both languages are originals.

## The frame
no-reply = You cannot reply to this mail.
sent-to = Sent to { $to }
sent-to-for = Sent to { $to } for account { $mask }
sender-line = { $service } ({ $host })

## The details
label-when = When
label-until = Valid
label-result = Result
label-device = Device
label-from = From
label-app = App
label-taken = Taken back
label-times = Times
times-words = { $times } times
from-place = { $ip } (approximately { $place })

## The code of a sign-in
code-subject = { $service }: your sign-in code
code-subject-open = { $service }: { $code } is your sign-in code
code-title = Your sign-in code
code-preheader = Your code is { $code }. It works until { $until }.
code-first-line = Your code: { $code }
code-use = Use it to sign in to { $app }. It works once, until { $until } ({ $zone }).
code-lead = Enter this code to sign in to { $app }.
code-until = once, until { $until } ({ $zone })
code-tally-line = Tally: { $tally } (check that your screen shows the same)
code-tally = Tally
code-tally-words = { $tally }
code-tally-hint = Check that your screen shows the same
code-digits = { $code }
code-not-you = If this was not you
code-tell-nobody = Do not give the code to anyone. Somebody knows your password.
code-change = Open { $host } in your browser and change it under "Security".
code-where = Type the code only on a page of { $host }.
code-never-asked = { $service } never asks for this code by phone or message.

## A sign-in
hello = Hello { $name },
alert-subject = { $service }: new sign-in
alert-subject-many = { $service }: { $all } new sign-ins
alert-title = Somebody signed in
alert-lead = Somebody signed in to your account.
alert-preheader = Sign-in with { $device }. If it was not you, act now.
new-device-subject = { $service }: sign-in from a new device
new-device-subject-many = { $service }: { $all } sign-ins from new devices
new-device-title = Sign-in from a new device
new-device-lead = Somebody signed in to your account from a new device.
result-password-and-code = Signed in (password and code)
result-trusted-browser = Signed in (password; the code was skipped in a trusted browser)
result-password = Signed in (password)
alert-failures = Before this sign-in, { $failures } wrong passwords were entered.
alert-was-you = If this was you, you need not do anything.
alert-not-you-link = If it was not, stop that device here:
alert-not-you-button = This was not me
alert-or-yourself = Or open { $host } yourself and go to "Sign-in history".
alert-not-you = If it was not, open { $host } in your browser, check your "Sign-in history" and change your password.
alert-setting = You can change this mail under "Security".
new-device-setting = Mails about new devices cannot be turned off.
failures-setting = Mails about a sign-in after several failures cannot be turned off.
also-one = One more sign-in followed:
also-more = { $more } more sign-ins followed:
also-at-least = More than { $more } sign-ins followed. The newest of them:
also-in-history = All of them stand in your "Sign-in history", where you can stop a single one.

## The password is known
password-known-subject = { $service }: somebody knows your password
password-known-title = Somebody knows your password
password-known-lead = Your correct password was entered, but we stopped the sign-in because no code was given.
password-known-if = If this was not you, your password is known to somebody.
password-known-change = Open { $host } in your browser and change it now.
password-known-elsewhere = Change it on any other service where you use the same one.

## A test
test-subject = { $service }: test mail
test-title = Test mail
test-lead = The operator of { $service } ({ $host }) sent this mail to check the mail settings.
test-fine = If you can read it, they work.

## Devices
device-browser = { $browser } on { $system }
device-in-app = In-app browser on { $system }
device-program = Program ({ $program })
device-some-program = Program
device-unknown = Unknown device

## Times
ago-now = just now
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-days = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
}
length-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}

## Ways back into the account
label-how = How
reset-subject = { $service }: reset your password
reset-title = Reset your password
reset-lead = We received a request to choose a new password.
reset-lead-operator = An operator of { $service } started a reset of your password.
reset-how = Set it on this page. The link works once, for { $minutes } minutes.
reset-button = Choose a new password
reset-not-you = If you did not ask for this, do nothing. Your password stays as it is.
reset-again = If these mails keep coming, open { $host } yourself and go to "Help".
let-in-subject = { $service }: your link to sign in
let-in-title = Sign in by mail
let-in-lead = We received a request to sign in to { $service } in a browser that is held up.
let-in-how = Open this page in that browser, then sign in with your password as always. The link works once, for { $minutes } minutes.
let-in-button = Sign in
let-in-not-you = If you did not ask for this, do nothing. Nobody gets in with this link alone, and your password stays as it is.
changed-subject = { $service }: your password was changed
changed-title = Your password was changed
changed-lead = Your password was changed. All other devices were signed out.
changed-lead-stay = Your password was changed. Other devices stay signed in.
changed-how-own = In the account pages
changed-how-link = Reset mail
changed-how-asked = At a sign-in, because a new one was asked for
changed-not-you = If this was not you, open { $host } in your browser and choose "Forgot your password?" now.
changed-not-you-link = If this was not you, protect your account here (72 hours):
changed-or-yourself = Or open { $host } yourself and choose "Forgot your password?".
recovery-used-subject = { $service }: a recovery code was used
recovery-used-title = A recovery code was used
recovery-used-lead = A recovery code of your account was used. { $left } are left.
recovery-made-subject = { $service }: new recovery codes
recovery-made-title = New recovery codes
recovery-made-lead = New recovery codes were made for your account. The old ones no longer work.
recovery-waiting-subject = { $service }: a password reset is waiting
recovery-waiting-title = A password reset is waiting
recovery-waiting-lead = Somebody who reads your mail wants to choose a new password for your account, in a browser you have used before. They can do so from { $until }.
recovery-started-subject = { $service }: an operator started a password reset
recovery-started-title = An operator started a password reset
recovery-started-lead = An operator of { $service } started a reset of your password. A link was sent to your sign-in address.
recovery-address-subject = { $service }: your code address was changed
recovery-address-title = Your code address was changed
recovery-address-lead = An operator of { $service } set another address to receive your codes. All devices were signed out, and the old recovery codes no longer work.
recovery-denied-subject = { $service }: a sign-in was stopped
recovery-denied-title = A sign-in was stopped
recovery-denied-lead = Somebody told us that a sign-in to your account was not theirs. That device was stopped. Choose a new password before you sign in again.
recovery-denied-only-lead = Somebody told us that a sign-in to your account was not theirs. That device was stopped. Your password stays as it is; change it if somebody else may know it.
taken-factors = Authenticator apps and passkeys that were added there: removed
taken-factors-stay = An authenticator app or passkey that was added there longer ago, or is used elsewhere: asked for three days more. Another mail tells of it
taken-codes = Recovery codes: none works any more
taken-networks = The networks you sign in from: as they were before
taken-networks-stay = The networks you sign in from were chosen there longer ago: they stay. If they keep you out, ask the operator
taken-second-step = Two-step sign-in: on again
taken-alerts = Mails about sign-ins: as they were before
taken-deletion = The deletion of the account: stopped
browser-stolen-subject = { $service }: a trusted browser may have been copied
browser-stolen-title = A trusted browser may have been copied
browser-stolen-lead = The mark that lets one of your trusted browsers skip the code was used by two browsers, both with your correct password. Somebody may have copied it and may know your password. That browser is no longer trusted, and what was signed in from it since was signed out. Change your password, even if the device below is yours.
recovery-not-you = If this was not you, open { $host } in your browser, sign in and change your password now, or ask the operator.
recovery-always = Mails about changes cannot be turned off.

## Proving an address
address-code-subject = { $service }: confirm this address
address-code-subject-open = { $service }: { $code } confirms this address
address-code-title = Confirm this address
address-code-register = The code confirms this address for a new account at { $service }.
address-code-code = The code confirms this address as the one that receives codes for { $service }.
address-code-login = The code confirms this address as the one to sign in to { $service } with.
address-code-mailbox = Somebody who knows your password asked for this code. It shows that you read this mailbox, so that another address can receive the codes of { $service }.
address-code-once = It works once, until { $until } ({ $zone }).
address-code-not-you = If you did not ask for it, do nothing, and give the code to nobody.
taken-title = Somebody wanted to use this address
taken-register-subject = { $service }: somebody tried to create an account
taken-register-lead = Somebody tried to create an account at { $service } with this address. It belongs to an account already, so nothing was changed.
taken-address-subject = { $service }: somebody wanted to use your address
taken-address-lead = Somebody wanted to use this address for another account at { $service }. It belongs to an account already, so nothing was changed.
taken-you = If it was you, open { $host } in your browser and sign in with this address, or choose "Forgot your password?".
taken-not-you = If it was not, you need not do anything.

## Changing an address
label-new-address = New address
address-changed-subject = { $service }: your address was changed
address-changed-title = Your address was changed
address-changed-login = The address you sign in to { $service } with was changed.
address-changed-code = The address that receives your codes for { $service } was changed.
address-changed-you = If this was you, you need not do anything.
address-changed-undo = If it was not, undo it here until { $until }:
address-changed-button = Undo the change
address-changed-undone = Undoing puts the former address back, signs out every device and asks for a new password.
address-changed-not-you = If it was not, look into the mailbox of the former address for a mail with a link that undoes the change, or ask the operator.
recovery-undone-subject = { $service }: the change of an address was undone
recovery-undone-title = The change of an address was undone
recovery-undone-lead = The change of an address of your account was undone. All devices were signed out, recovery codes no longer work, and a new password is asked for.

## An incident
incident-subject = Important: a security notice from { $service }
incident-title = A security notice
incident-lead = On { $day }, { $summary } happened at { $service }.
incident-sorry = We are sorry for the worry this causes.
label-what = What happened
label-items = Information involved
label-cause = Cause
label-harm = Risk of misuse
label-done = What we have done
incident-please = What we ask you to do
incident-please-1 = Open { $host } in your browser, sign in, and choose a new password.
incident-please-2 = Change it on any other service where you use the same one.
incident-please-3 = Check your code address and your sign-in history.
incident-no-link = There is no link in this mail. Do not open links in mails that look like it.
incident-check = You can check that this notice is real at { $host }/notice.
incident-contact = Contact: { $contact } ({ $hours })

## Leaving
deletion-asked-subject = { $service }: your account is to be deleted
deletion-asked-title = Your account is to be deleted
deletion-asked-lead = Your account at { $service } is to be deleted on { $until }. Every device was signed out and apps can do nothing for you any more. To keep your account, sign in at { $host } before then.
deletion-soon-subject = { $service }: your account is deleted in a few days
deletion-soon-title = Your account is deleted in a few days
deletion-soon-lead = Your account at { $service } is deleted on { $until }. To keep it, sign in at { $host } before then.
deletion-stopped-subject = { $service }: your account stays
deletion-stopped-title = Your account stays
deletion-stopped-lead = Your account at { $service } was to be deleted. That was stopped: it stays.
deletion-done-subject = { $service }: your account was deleted
deletion-done-title = Your account was deleted
deletion-done-lead = Your account at { $service } was deleted. This is the last mail about it.
address-released-subject = { $service }: an address was taken off your account
address-released-title = An address was taken off your account
address-released-lead = An address of your account at { $service } may be given to somebody else by its provider. It was taken off your account and every device was signed out. If you cannot sign in, ask the operator.
address-given-subject = { $service }: an operator set your sign-in address
address-given-title = An operator set your sign-in address
address-given-lead = At your request an operator set the address with which you sign in to { $service }. If you did not ask for this, tell the operator at once.

operator-alert-subject = { $service } [{ $severity }]: { $topic }
operator-alert-title = For the operators
operator-alert-lead = { $topic } ({ $severity }, events: { $count })
operator-alert-more = More of it: `sekisho incident alerts` and `sekisho incident status`.
operator-alert-gathered = More of the same kind is gathered and comes in one mail.
severity-notice = notice
severity-warning = warning
severity-critical = critical
alert-topic-gate = The gate level was changed
alert-topic-feature = A feature was switched
alert-topic-voided = Sessions, tokens or passwords were voided
alert-topic-keys = A key was changed
alert-topic-replay = A token or code was used twice
alert-topic-not-me = Somebody says a sign-in was not theirs
alert-topic-export = Accounts were exported
alert-topic-notice = People are being told of an incident
alert-topic-block = A block was made or lifted
alert-topic-rule = A detection rule fired
alert-topic-canary = A canary account was touched: data may have been stolen
alert-topic-operator-token = A token of an operator was made, ended, or used where it does not count
alert-topic-advisory = A published weakness is open on this server
alert-topic-bulk-read = A budget for reading people's data is used up
alert-topic-mail = Mail is not getting through: codes do not arrive
alert-topic-test = Test of the alerts

networks-set-subject = { $service }: the networks you sign in from were chosen
networks-set-title = The networks you sign in from were chosen
networks-set-lead = From now on your account can be signed in to from the networks you listed only ({ $count }). From elsewhere it takes a recovery code.
networks-cleared-subject = { $service }: you can sign in from anywhere again
networks-cleared-title = You can sign in from anywhere again
networks-cleared-lead = The list of networks your account can be signed in to from was emptied. Sign-ins work from anywhere again.
networks-outside-subject = { $service }: your password was typed in a network you do not allow
networks-outside-title = Your password was typed in a network you do not allow
networks-outside-lead = Somebody typed the right password of your account in a network you do not allow. Nobody got in, and no code was mailed. If that was you, use one of your networks or a recovery code.
alerts-fewer-subject = { $service }: you will get fewer mails about sign-ins
alerts-fewer-title = You will get fewer mails about sign-ins
alerts-new-devices-lead = From now on we mail you about sign-ins to your account from new devices only.
alerts-off-lead = From now on we do not mail you about ordinary sign-ins to your account.
data-taken-subject = { $service }: a copy of your data was taken
data-taken-title = A copy of your data was taken
data-taken-lead = A device that is signed in took a copy of what we keep about you: name, addresses, settings, sign-in history, connected apps. It holds no password. The file is not in this mail.
# second steps
result-password-and-passkey = Signed in (password and passkey)
second-step-subject = { $service }: two-step sign-in was changed
second-step-on-title = Two-step sign-in was switched on
second-step-on-lead = Two-step sign-in was switched on for your account.
second-step-off-title = Two-step sign-in was switched off
second-step-off-lead = Two-step sign-in was switched off for your account. Anyone who learns your password can sign in.
app-added-subject = { $service }: an authenticator app was added
app-added-title = An authenticator app was added
app-added-lead = An authenticator app was added to your account. From now on its codes are asked for after the password, and none are mailed.
app-removed-subject = { $service }: an authenticator app was removed
app-removed-title = An authenticator app was removed
app-removed-lead = The authenticator app of your account was removed.
passkey-added-subject = { $service }: a passkey was added
passkey-added-title = A passkey was added
passkey-added-lead = A passkey was added to your account. From now on it is asked for after the password, and no codes are mailed.
passkey-removed-subject = { $service }: a passkey was removed
passkey-removed-title = A passkey was removed
passkey-removed-lead = A passkey of your account was removed.
factor-lost-subject = { $service }: somebody says your second step is lost
factor-lost-title = Somebody says your second step is lost
factor-lost-lead = Somebody who knows your password says that your authenticator app or passkey is lost. From { $until } a mailed code will be accepted in its place.
factor-lost-stop = If this was not you, stop it here and change your password. Opening the page changes nothing; the button on it does.
factor-denied-subject = { $service }: your second step is to be replaced
factor-denied-title = Your second step is to be replaced
factor-denied-lead = Somebody who reads your mail, or is signed in to your account, told us that the session in which an authenticator app or passkey was added was not theirs. It was added longer ago or is used elsewhere, so it is still asked for. From { $until } a mailed code will be accepted in its place.
factor-kept-subject = { $service }: your second step stays
factor-kept-title = Your second step stays
factor-kept-lead = A report that your authenticator app or passkey is lost was taken back. It is asked for as before.
address-lost-subject = { $service }: somebody says your code address is lost
address-lost-title = Somebody says your code address is lost
address-lost-lead = Somebody who knows your password, and reads the mail of your sign-in address, says that codes no longer reach you. From { $until } they can set another code address. Until then we tell you every day.
address-kept-subject = { $service }: your code address stays
address-kept-title = Your code address stays
address-kept-lead = The report that your code address is lost was stopped. Codes go there as before.
factors-given-up-subject = { $service }: your second step was replaced
factors-given-up-title = Your second step was replaced
factors-given-up-lead = After a reported loss somebody signed in to your account with the password and a mailed code. Authenticator apps and passkeys were removed; codes are mailed again.

## Who may use, stops or looks at the account
app-allowed-subject = { $service }: you allowed an app
app-allowed-title = You allowed an app
app-allowed-lead = An app was allowed to use your account at { $service }, also while you are signed out. You can end that under "Connected apps".
account-stopped-subject = { $service }: your account is locked
account-stopped-title = Your account is locked
account-stopped-lead = An operator of { $service } locked your account. Nobody can sign in to it, and every device and app was signed out. To have it opened again, ask the operator.
account-opened-subject = { $service }: your account is open again
account-opened-title = Your account is open again
account-opened-lead = An operator of { $service } opened your account again. Devices and apps that were signed out stay so until you sign in.
operator-looked-subject = { $service }: an operator looked at your account
operator-looked-title = An operator looked at your account
operator-looked-lead = An operator of { $service } looked at what we keep about your account. Operators never see a password. If you do not know why, ask the operator.
operator-took-subject = { $service }: an operator took a copy of your data
operator-took-title = An operator took a copy of your data
operator-took-lead = An operator of { $service } took a copy of what we keep about you: name, addresses, settings, sign-in history, connected apps. It holds no password. If you did not ask for it, ask the operator why.
