"""Situations of the category `account_access`: passwords, verification codes, locked or stolen logins."""

SITUATIONS = """
I can't {log in|sign in|get in}, it says my password is wrong
It keeps telling me wrong password and I'm {100%|absolutely} sure it's right
locked out again, {same|correct} password as always
can't log in
+ please reset my password
+ Can you send a reset link?

The {password reset|reset} email never {arrives|comes}
I clicked "forgot password" <n> times, no mail, spam folder checked
waiting for the reset link for <days>
+ can you send a new reset link

my {account|login} is locked after too many attempts
It says "temporarily locked", that was <days> ago
locked out since <date>
+ Please unlock it

the {verification|security|6-digit} code doesn't {arrive|come} on my phone
no text message with the code, so I cannot sign in
The code from the text message is always "invalid or expired"

I {lost|changed} my phone and can't get {the code|past two-factor}
new phone number, and the codes still go to the old one
My authenticator app is gone with the old phone, please {turn off|reset} two-step verification

someone {logged into|got into} my account from {another country|<city>}
I think I was hacked, my email address on the profile was changed and it wasn't me
got a "new sign-in from <city>" mail. That wasn't me. Password no longer works
+ Please lock it until this is cleared
+ Who else has signed in?

I no longer have the email address I {signed up|registered} with
my old work email is dead, how do I get to my profile now?
please change the email of my login, I left that company and cannot receive mail there
+ can you move it to this address?

the reset link says it has {expired|already been used}
I follow the link to set a new password and it says link expired, every time
reset link opens a blank page so I can't choose a new password

my account {was|got} {suspended|disabled|deactivated} and I have no idea why
it says my profile is under review. I just want to sign in and see <order>

sign in with {Google|Apple|Facebook} stopped working
I used to log in through {Google|Facebook}, which I closed. How do I get in with a password?
The "continue with Apple" button says that no user exists

I have two accounts {with|under} different emails, can you merge them?
my purchases are split over two logins, I'd like only one
+ Is that possible?

it doesn't recognise my email {although|but} I have been a customer for <n> years
"user not found". I have <n> years of orders with you

I can't {open|get to} my order history, it sends me back to the login page
logged in and after five seconds it throws me out again
keeps asking me to sign in, over and over

my colleague left and was the only admin of our business {account|login}
I need to {become|be} the admin for our team, the former one left on <date>
please add <person> as a user to our business profile, I have no permission to
+ Please make me the admin

how do I change my {password|user name|email address}?
where is the setting to change my password
+ A link is enough

my name {changed|is spelled wrong} and the profile won't let me edit it
I got married, how do I change the name on my login?
+ can you change it for me?

the security question is one I never set, I can't answer it
It asks for the name of my first pet, I have never had a pet

my {husband|wife|late father} set up the profile and I don't have the password
my father passed away and we need to get into his profile to see <order>

I never made an account but your site says my email is {taken|already in use}
tried to register, "email already exists". reset does not work either

it wants me to verify my identity with {a photo|an ID} and the upload is refused
I sent my ID for verification on <date> and I'm still locked out

my session {expires|ends} after a minute
have to enter the password again on every single page

The invitation to our company login has expired
I was invited as a user by my boss and the invite link {is dead|doesn't work}

please unlock my {profile|login|user}, I have to pay an invoice today
I can't sign in to see where my parcel is

somebody placed order <order_id> from my login, I did not. Now I can't get in
my profile shows an order for <amount> that I never made, and the password has been changed
+ Please stop this person
+ Who else has signed in?

captcha never accepts me, so I can't {log in|reach the login}
I pick all the traffic lights and it still won't let me sign in

the password rules reject everything I {try|type}
new password "must be different from the last ten". I can't think of any more

I get codes and reset mails {all night|that I never asked for}, is someone trying to get in?
Received <n> password reset emails I didn't request
+ Is my profile safe?
+ Please check who tried to sign in
"""

REQUESTS = """
Please help
How do I get back in?
Please let me back in
What can I do?
I just need to {log|sign} in
Can you {fix|look at} this {today|please}?
how long will this take?
"""

DETAILS = """
I tried {another browser|my phone and my laptop|it five times}
the spam folder is empty
It worked {yesterday|last week|until <date>}
my user name is {my email|the same as always}
I have not changed anything
it was fine on my old phone
I can prove who I am
I last signed in {on <date>|<ago>}
"""

ASIDES = """
I need to {see|check} a delivery and can't
I wanted to {return something|ask for a refund} and can't even start
there is a bill I have to {download|pay}
No problem with the product
I'm not a technical person
I don't want to cancel or delete anything
my payment card is stored there, so I'm worried
the rest of the website works
I have a question about a product too, later
"""

SUBJECTS = """
{Can't|Cannot} log in
Locked out
password {reset|problem}
login
no verification code
Was I hacked?
{sign-in|Sign in} help
My {account|profile}
two factor code
Email address change
reset link
Suspicious login from <city>
"""
