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
label-taken = 元に戻したもの
label-times = 回数
times-words = { $times }回
from-place = { $ip }（{ $place }あたり、推定）

## The code of a sign-in
code-subject = 【{ $service }】ログインの確認コード
code-subject-open = 【{ $service }】ログインの確認コード {$code}
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
alert-subject-many = 【{ $service }】ログインのお知らせ（{ $all }件）
alert-title = ログインがありました
alert-lead = ログインがありました。
alert-preheader = { $device } からログインがありました。身に覚えがなければ手続きしてください。
new-device-subject = 【{ $service }】新しい端末からログインがありました
new-device-subject-many = 【{ $service }】新しい端末から{ $all }件のログインがありました
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
failures-setting = 失敗が続いた後のログインの知らせは止められません。
also-one = このあと、もう1件ログインがありました。
also-more = このあと、さらに{ $more }件のログインがありました。
also-at-least = このあと、{ $more }件より多くのログインがありました。新しいものは次のとおりです。
also-in-history = すべて「ログイン履歴」にあり、1件ずつ止めることもできます。

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

## Ways back into the account
label-how = 方法
reset-subject = 【{ $service }】パスワードの再設定
reset-title = パスワードの再設定
reset-lead = パスワードを決め直す手続きを受け付けました。
reset-lead-operator = { $service } の運用者が、あなたのパスワードの再設定を始めました。
reset-how = 次のページで新しいパスワードを決めてください。{ $minutes }分間、1回だけ使えます。
reset-button = 新しいパスワードを決める
reset-not-you = 申し込んでいないときは、何もしないでください。パスワードは変わりません。
let-in-subject = 【{ $service }】ログインのためのリンク
let-in-title = メールからのログイン
let-in-lead = 待たされているブラウザーから { $service } にログインする手続きを受け付けました。
let-in-how = そのブラウザーで次のページを開き、いつものパスワードでログインしてください。{ $minutes }分間、1回だけ使えます。
let-in-button = ログインする
let-in-not-you = 申し込んでいないときは、何もしないでください。このリンクだけではログインできず、パスワードも変わりません。
reset-again = 何度も届くときは、ブラウザーで { $host } を開き、「困ったとき」をご覧ください。
changed-subject = 【{ $service }】パスワードが変わりました
changed-title = パスワードが変わりました
changed-lead = パスワードが変わりました。ほかの端末は、すべてログアウトしました。
changed-lead-stay = パスワードが変わりました。ほかの端末のログインは、そのままです。
changed-how-own = アカウントのページ
changed-how-link = 再設定のメール
changed-how-asked = ログインのとき（変更が必要だったため）
changed-not-you = 身に覚えがないときは、ブラウザーで { $host } を開き、すぐに「パスワードを忘れた方」から進んでください。
changed-not-you-link = 身に覚えがないときは、次のページでアカウントを守れます（72時間）。
changed-or-yourself = リンクを使わず、{ $host } の「パスワードを忘れた方」から進むこともできます。
recovery-used-subject = 【{ $service }】回復コードが使われました
recovery-used-title = 回復コードが使われました
recovery-used-lead = アカウントの回復コードが1つ使われました。残りは{ $left }個です。
recovery-made-subject = 【{ $service }】回復コードを作り直しました
recovery-made-title = 回復コードを作り直しました
recovery-made-lead = アカウントの回復コードを新しく作りました。前のものは使えません。
recovery-waiting-subject = 【{ $service }】パスワードの再設定を待っています
recovery-waiting-title = パスワードの再設定を待っています
recovery-waiting-lead = あなたのメールを読める人が、前に使ったことのあるブラウザーで、新しいパスワードを決めようとしています。{ $until } から決められるようになります。
recovery-started-subject = 【{ $service }】運用者がパスワードの再設定を始めました
recovery-started-title = 運用者がパスワードの再設定を始めました
recovery-started-lead = { $service } の運用者が、あなたのパスワードの再設定を始めました。ログインに使うアドレスにリンクを送りました。
recovery-address-subject = 【{ $service }】コードを受け取るアドレスが変わりました
recovery-address-title = コードを受け取るアドレスが変わりました
recovery-address-lead = { $service } の運用者が、コードを受け取るアドレスを変えました。すべての端末をログアウトし、前の回復コードは使えなくなりました。
recovery-denied-subject = 【{ $service }】身に覚えのないログインを止めました
recovery-denied-title = 身に覚えのないログインを止めました
recovery-denied-lead = 身に覚えのないログインとして知らせを受け、その端末を止めました。次のログインの前に、新しいパスワードを決めてください。
recovery-denied-only-lead = 身に覚えのないログインとして知らせを受け、その端末を止めました。パスワードはそのままです。ほかの人に知られているおそれがあれば、変えてください。
taken-factors = そこで加えられた認証アプリとパスキー：外しました
taken-factors-stay = そこで以前に加えられたか、ほかでも使われている認証アプリかパスキー：あと3日は尋ねます。別のメールでお知らせします
taken-codes = 回復コード：どれも使えなくなりました
taken-networks = ログインできるネットワーク：前のものに戻しました
taken-networks-stay = そこで以前に決められたログインできるネットワーク：そのままです。ログインできないときは、運用者に知らせてください
taken-second-step = 2段階のログイン：もう一度入れました
taken-alerts = ログインのお知らせ：前の設定に戻しました
taken-deletion = アカウントの削除：やめました
browser-stolen-subject = 【{ $service }】信頼したブラウザーが写し取られたおそれがあります
browser-stolen-title = 信頼したブラウザーが写し取られたおそれがあります
browser-stolen-lead = 確認コードを省くための印が、2つのブラウザーで使われました。どちらも正しいパスワードでした。印が写し取られ、パスワードも知られているおそれがあります。そのブラウザーの信頼をやめ、以後のログインを終わらせました。下の端末があなたのものでも、パスワードを変えてください。
recovery-not-you = 身に覚えがないときは、ブラウザーで { $host } を開いてログインし、すぐにパスワードを変えるか、運用者に知らせてください。
recovery-always = 変更のお知らせは止められません。

## Proving an address
address-code-subject = 【{ $service }】アドレスの確認コード
address-code-subject-open = 【{ $service }】アドレスの確認コード {$code}
address-code-title = アドレスの確認
address-code-register = このコードで、{ $service } の新しいアカウントに使うアドレスを確かめます。
address-code-code = このコードで、{ $service } のコードを受け取るアドレスを確かめます。
address-code-login = このコードで、{ $service } のログインに使うアドレスを確かめます。
address-code-mailbox = あなたのパスワードを知る人が、このコードを求めました。このメールを読めることを確かめて、{ $service } のコードを受け取るアドレスを別のものにするために使います。
address-code-once = { $until }（{ $zone }）まで、1回だけ使えます。
address-code-not-you = 覚えがなければ、何もしないでください。コードはだれにも教えないでください。
taken-title = このアドレスを使おうとした人がいます
taken-register-subject = 【{ $service }】登録の申し込みがありました
taken-register-lead = このアドレスで { $service } のアカウントを作る申し込みがありました。すでにアカウントがあるため、何も変わっていません。
taken-address-subject = 【{ $service }】アドレスを使おうとした人がいます
taken-address-lead = このアドレスを { $service } の別のアカウントに使う手続きがありました。すでにアカウントがあるため、何も変わっていません。
taken-you = あなたの手続きなら、ブラウザーで { $host } を開き、このアドレスでログインするか、「パスワードを忘れた方」から進んでください。
taken-not-you = 身に覚えがなければ、何もしなくてかまいません。

## Changing an address
label-new-address = 新しいアドレス
address-changed-subject = 【{ $service }】登録アドレスが変わりました
address-changed-title = 登録アドレスが変わりました
address-changed-login = { $service } のログインに使うアドレスが変わりました。
address-changed-code = { $service } のコードを受け取るアドレスが変わりました。
address-changed-you = あなたが変えたのなら、何もしなくてかまいません。
address-changed-undo = 身に覚えがないときは、{ $until }までに、次のページで取り消してください。
address-changed-button = 変更を取り消す
address-changed-undone = 取り消すと、元のアドレスに戻し、すべての端末をログアウトさせ、新しいパスワードを決めていただきます。
address-changed-not-you = 身に覚えがないときは、元のアドレスに届いた、取り消しのリンクがあるメールを開くか、運用者に知らせてください。
recovery-undone-subject = 【{ $service }】アドレスの変更を取り消しました
recovery-undone-title = アドレスの変更を取り消しました
recovery-undone-lead = アカウントのアドレスの変更を取り消しました。すべての端末をログアウトし、回復コードは使えなくなりました。次のログインで新しいパスワードを決めていただきます。

## An incident
incident-subject = 【重要】{ $service } からの安全のお知らせ
incident-title = 安全のお知らせ
incident-lead = { $day }に、{ $service } で{ $summary }がありました。
incident-sorry = ご心配をおかけし、申し訳ありません。
label-what = 何が起きたか
label-items = 関係する情報
label-cause = 原因
label-harm = 悪用のおそれ
label-done = 私たちがしたこと
incident-please = お願いしたいこと
incident-please-1 = ブラウザーで { $host } を開き、ログインして新しいパスワードを決めてください。
incident-please-2 = 同じパスワードを使っているほかのサービスも変えてください。
incident-please-3 = 「コードを受け取るアドレス」と「ログイン履歴」を確かめてください。
incident-no-link = このメールにリンクはありません。似たメールのリンクは開かないでください。
incident-check = このお知らせが本物かどうかは { $host }/notice で確かめられます。
incident-contact = 問い合わせ：{ $contact }（{ $hours }）

## Leaving
deletion-asked-subject = 【{ $service }】アカウントの削除を受け付けました
deletion-asked-title = アカウントの削除を受け付けました
deletion-asked-lead = { $service } のアカウントを、{ $until }に削除します。すべての端末はログアウトし、アプリはもう何もできません。アカウントを残すには、それまでに { $host } にログインしてください。
deletion-soon-subject = 【{ $service }】まもなくアカウントを削除します
deletion-soon-title = まもなくアカウントを削除します
deletion-soon-lead = { $service } のアカウントを、{ $until }に削除します。残すには、それまでに { $host } にログインしてください。
deletion-stopped-subject = 【{ $service }】アカウントの削除をやめました
deletion-stopped-title = アカウントの削除をやめました
deletion-stopped-lead = { $service } のアカウントの削除をやめました。アカウントはそのまま使えます。
deletion-done-subject = 【{ $service }】アカウントを削除しました
deletion-done-title = アカウントを削除しました
deletion-done-lead = { $service } のアカウントを削除しました。このアカウントについてのお知らせはこれが最後です。
address-released-subject = 【{ $service }】アカウントからアドレスを外しました
address-released-title = アカウントからアドレスを外しました
address-released-lead = { $service } のアカウントのアドレスの一つは、提供者がほかの人に渡すことがあるため、アカウントから外し、すべての端末をログアウトしました。ログインできないときは、運用者に知らせてください。
address-given-subject = 【{ $service }】ログインのアドレスを設定しました
address-given-title = ログインのアドレスを設定しました
address-given-lead = ご依頼により、運用者が { $service } のログインに使うアドレスを設定しました。依頼していないときは、すぐに運用者に知らせてください。

operator-alert-subject = { $service }［{ $severity }］{ $topic }
operator-alert-title = 運用者の方へ
operator-alert-lead = { $topic }（{ $severity }、{ $count }件）
operator-alert-more = くわしくは `sekisho incident alerts` と `sekisho incident status` で確かめられます。
operator-alert-gathered = 同じ種類の続きは、まとめて1通で届きます。
severity-notice = お知らせ
severity-warning = 注意
severity-critical = 緊急
alert-topic-gate = 門の段階が変わりました
alert-topic-feature = 機能が切り替えられました
alert-topic-voided = セッション・トークン・パスワードが無効にされました
alert-topic-keys = 鍵が変わりました
alert-topic-replay = トークンまたはコードが二度使われました
alert-topic-not-me = 「身に覚えのないログイン」の申し出がありました
alert-topic-export = アカウントが書き出されました
alert-topic-notice = 事故のお知らせを送っています
alert-topic-block = 遮断が追加または解除されました
alert-topic-rule = 検知ルールが働きました
alert-topic-canary = おとりのアカウントが使われました（データが盗まれたおそれがあります）
alert-topic-operator-token = 運用者のトークンが作られたか、終了したか、使えないはずのところで使われました
alert-topic-advisory = 公表された脆弱性が、このサーバーに残っています
alert-topic-bulk-read = 個人データの読み出しが上限に達しました
alert-topic-mail = メールが届いていません（確認コードが届きません）
alert-topic-test = 通知のテスト

networks-set-subject = 【{ $service }】ログインできるネットワークを決めました
networks-set-title = ログインできるネットワークを決めました
networks-set-lead = このアカウントには、これから{ $count }個のネットワークからだけログインできます。ほかの場所では回復コードが必要です。
networks-cleared-subject = 【{ $service }】どこからでもログインできるようになりました
networks-cleared-title = どこからでもログインできるようになりました
networks-cleared-lead = ログインできるネットワークの一覧が空になりました。どこからでもログインできます。
networks-outside-subject = 【{ $service }】許可していないネットワークで正しいパスワードが入力されました
networks-outside-title = 許可していないネットワークで正しいパスワードが入力されました
networks-outside-lead = 許可していないネットワークで、このアカウントの正しいパスワードが入力されました。ログインはされておらず、コードも送っていません。ご本人のときは、許可したネットワークを使うか、回復コードを使ってください。
alerts-fewer-subject = 【{ $service }】ログインのお知らせを減らしました
alerts-fewer-title = ログインのお知らせを減らしました
alerts-new-devices-lead = これからは、新しい端末からのログインだけをメールでお知らせします。
alerts-off-lead = これからは、ふだんのログインをメールでお知らせしません。
data-taken-subject = 【{ $service }】あなたのデータの写しが渡されました
data-taken-title = あなたのデータの写しが渡されました
data-taken-lead = ログインしている端末に、このアカウントのデータ（名前、アドレス、設定、ログイン履歴、連携アプリ）の写しを渡しました。パスワードは入っていません。ファイルはこのメールにはありません。
# second steps
result-password-and-passkey = ログインしました（パスワードとパスキー）
second-step-subject = 【{ $service }】2段階認証を変えました
second-step-on-title = 2段階認証を使うようにしました
second-step-on-lead = アカウントの2段階認証を使うようにしました。
second-step-off-title = 2段階認証をやめました
second-step-off-lead = アカウントの2段階認証をやめました。パスワードが漏れると、すぐにログインされます。
app-added-subject = 【{ $service }】認証アプリを加えました
app-added-title = 認証アプリを加えました
app-added-lead = アカウントに認証アプリを加えました。これからはパスワードの後でアプリのコードを尋ね、メールではコードを送りません。
app-removed-subject = 【{ $service }】認証アプリを外しました
app-removed-title = 認証アプリを外しました
app-removed-lead = アカウントから認証アプリを外しました。
passkey-added-subject = 【{ $service }】パスキーを加えました
passkey-added-title = パスキーを加えました
passkey-added-lead = アカウントにパスキーを加えました。これからはパスワードの後でパスキーを尋ね、メールではコードを送りません。
passkey-removed-subject = 【{ $service }】パスキーを外しました
passkey-removed-title = パスキーを外しました
passkey-removed-lead = アカウントからパスキーを外しました。
factor-lost-subject = 【{ $service }】2段階目をなくしたという届けがありました
factor-lost-title = 2段階目をなくしたという届けがありました
factor-lost-lead = あなたのパスワードを知る人から、認証アプリかパスキーをなくしたという届けがありました。{ $until } から、代わりにメールのコードを受け付けます。
factor-lost-stop = 身に覚えがないときは、次のページで止めて、パスワードを変えてください。ページを開くだけでは何も変わりません。ボタンを押すと止まります。
factor-denied-subject = 【{ $service }】2段階目を置き換える届けがありました
factor-denied-title = 2段階目を置き換える届けがありました
factor-denied-lead = あなたのメールを読める人か、アカウントにログインしている人から、認証アプリかパスキーを加えたログインに身に覚えがないという知らせがありました。以前に加えられたか、ほかでも使われているため、まだ尋ねます。{ $until } から、代わりにメールのコードを受け付けます。
factor-kept-subject = 【{ $service }】2段階目はそのままです
factor-kept-title = 2段階目はそのままです
factor-kept-lead = 認証アプリかパスキーをなくしたという届けは取り消されました。これまでどおり尋ねます。
address-lost-subject = 【{ $service }】コードを受け取るアドレスを使えないという届けがありました
address-lost-title = コードを受け取るアドレスを使えないという届けがありました
address-lost-lead = あなたのパスワードを知り、ログインに使うアドレスのメールを読める人から、コードが届かないという届けがありました。{ $until }から、コードを受け取るアドレスを別のものにできます。それまで毎日お知らせします。
address-kept-subject = 【{ $service }】コードを受け取るアドレスはそのままです
address-kept-title = コードを受け取るアドレスはそのままです
address-kept-lead = コードを受け取るアドレスを使えないという届けを止めました。コードはこれまでどおり、そのアドレスに届きます。
factors-given-up-subject = 【{ $service }】2段階目が変わりました
factors-given-up-title = 2段階目が変わりました
factors-given-up-lead = なくしたという届けの後で、パスワードとメールのコードによるログインがありました。認証アプリとパスキーを外し、コードはまたメールで送ります。

## Who may use, stops or looks at the account
app-allowed-subject = 【{ $service }】アプリに利用を許可しました
app-allowed-title = アプリに利用を許可しました
app-allowed-lead = ログアウトした後も { $service } のアカウントを使うことを、アプリに許可しました。「連携アプリ」でやめられます。
account-stopped-subject = 【{ $service }】アカウントを止めました
account-stopped-title = アカウントを止めました
account-stopped-lead = { $service } の運用者が、あなたのアカウントを止めました。誰もログインできず、すべての端末とアプリをログアウトしました。また使うには、運用者に知らせてください。
account-opened-subject = 【{ $service }】アカウントがまた使えます
account-opened-title = アカウントがまた使えます
account-opened-lead = { $service } の運用者が、あなたのアカウントをまた使えるようにしました。ログアウトした端末とアプリは、あなたがログインするまでそのままです。
operator-looked-subject = 【{ $service }】運用者がアカウントを確かめました
operator-looked-title = 運用者がアカウントを確かめました
operator-looked-lead = { $service } の運用者が、あなたのアカウントについて保管している内容を見ました。パスワードは運用者にも見えません。理由に心当たりがなければ、運用者に尋ねてください。
operator-took-subject = 【{ $service }】運用者があなたのデータの写しを取りました
operator-took-title = 運用者があなたのデータの写しを取りました
operator-took-lead = { $service } の運用者が、あなたのデータ（名前、アドレス、設定、ログイン履歴、連携アプリ）の写しを取りました。パスワードは入っていません。依頼していないときは、運用者に理由を尋ねてください。
