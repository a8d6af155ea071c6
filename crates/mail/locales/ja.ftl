# Mails and the words shared with the pages. Both languages are originals.

## The frame
no-reply = このメールには返信できません。
sent-to = 宛先 { $to }
sent-to-for = 宛先 { $to }　アカウント { $mask }
sender-line = { $service }（{ $host }）

## The details
label-when = 日時
label-until = 期限
label-result = 結果
label-device = 端末
label-from = 接続元
label-app = アプリ

## The code of a sign-in
code-subject = 【{ $service }】ログインの確認コード
code-title = ログインの確認コード
code-preheader = 確認コードは{ $code }です。{ $until }まで使えます。
code-first-line = 確認コード：{ $code }
code-use = { $app }へのログインに使います。{ $until }（{ $zone }）まで、1回だけ有効です。
code-lead = { $app }へのログインに、次のコードを入力してください。
code-until = { $until }まで（{ $zone }）、1回だけ
code-tally-line = 合札：{ $tally }（画面の合札と同じか確かめてください）
code-tally = 合札
code-tally-words = { $tally }
code-tally-hint = 画面の合札と同じか確かめてください
code-digits = { $code }
code-not-you = 身に覚えがないとき
code-tell-nobody = コードは誰にも教えないでください。あなたのパスワードが知られています。
code-change = ブラウザーで { $host } を開き、「セキュリティ」からパスワードを変えてください。
code-where = コードを入力するのは、{ $host } の画面だけです。
code-never-asked = { $service } が電話やメッセージでこのコードを尋ねることはありません。

## A sign-in
hello = { $name } さん
alert-subject = 【{ $service }】ログインのお知らせ
alert-title = ログインがありました
alert-lead = ログインがありました。
alert-preheader = { $device } からログインがありました。身に覚えがなければ手続きしてください。
new-device-subject = 【{ $service }】新しい端末からログインがありました
new-device-title = 新しい端末からログインがありました
new-device-lead = 新しい端末から、ログインがありました。
result-password-and-code = ログインしました（パスワードと確認コード）
result-trusted-browser = ログインしました（パスワード。信頼したブラウザーのため確認コードは省略）
result-password = ログインしました（パスワード）
alert-failures = このログインの前に、パスワードの誤りが{ $failures }回ありました。
alert-was-you = あなたのログインなら、何もしなくてかまいません。
alert-not-you-link = 身に覚えがないときは、次のページで端末を止められます。
alert-not-you-button = 身に覚えがない
alert-or-yourself = リンクを使わず、{ $host } を開いて「ログイン履歴」から進むこともできます。
alert-not-you = 身に覚えがないときは、ブラウザーで { $host } を開いて「ログイン履歴」を確かめ、パスワードを変えてください。
alert-setting = この知らせの設定は「セキュリティ」で変えられます。
new-device-setting = 新しい端末の知らせは止められません。

## The password is known
password-known-subject = 【{ $service }】パスワードを知る人がログインを試みました
password-known-title = パスワードを知る人がログインを試みました
password-known-lead = 正しいパスワードが入力されましたが、確認コードがなかったため止めました。
password-known-if = あなたでなければ、パスワードが知られています。
password-known-change = ブラウザーで { $host } を開き、いますぐパスワードを変えてください。
password-known-elsewhere = 同じパスワードを使っているほかのサービスも変えてください。

## A test
test-subject = 【{ $service }】送信の試験
test-title = 送信の試験
test-lead = このメールは、{ $service }（{ $host }）の運用者が送信の設定を確かめるために送りました。
test-fine = 読めていれば、設定は正しく動いています。

## Devices
device-browser = { $system } の { $browser }
device-in-app = { $system } のアプリ内ブラウザー
device-program = プログラム（{ $program }）
device-some-program = プログラム
device-unknown = 不明な端末

## Times
ago-now = たった今
ago-minutes = { $count }分前
ago-hours = { $count }時間前
ago-days = { $count }日前
length-minutes = { $count }分
