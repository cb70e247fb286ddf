"""Situations of the category `cancellation`: stopping an order, a subscription, a booking or an account."""

SITUATIONS = """
Please {cancel|stop} <order>, I {ordered the wrong thing|no longer need it}
cancel <order> {please|asap|before it ships}
I want to cancel {my order|the <product> I ordered <ago>}
+ please make sure nothing is shipped

I ordered {two by mistake|twice by accident}, please {cancel|drop} one of them
my kid ordered a <product> on my phone. Can you stop that order?
clicked buy twice, one of the two <product> orders has to go

I want to {end|cancel|stop} my Plus {membership|subscription}
How do I {get out of|end} Plus? There is no button anywhere
please end my membership {on <future>|right away}, I don't use it
+ I don't want any more renewals
+ Please stop it now

Do not renew my {subscription|membership|plan} {next month|on <future>}
turn off auto-renew for Plus, I don't want another year
My trial ends on <future>, stop it before it turns into a paid plan
+ please confirm that it won't renew

can I still cancel? I ordered <minutes> ago
ordered a <product> <minutes> ago and changed my mind, please don't ship it
Is it too late to stop <order>? It says "preparing"
+ Please be quick

the cancel button on <order> is {greyed out|gone}
your site won't let me cancel <order>, {it just says error|it spins}
I pressed cancel on <date> and the order is still active
+ please cancel it from your side

please {close|delete} my account and all my data
I want my profile deleted for good
close my account, I won't be shopping here again
+ Confirm when everything is gone

I asked you to stop my membership on <date> and it is still running
Cancelled Plus <ago>, and today I get a "welcome back" mail. It should be stopped
why is my plan still active, I ended it on <date>
+ Stop it now please
+ Why is that so hard?

cancel the {installation|assembly|delivery} appointment {on|for} <future>, we don't need it
please call off the technician for <future>

We {are closing the office|are closing our shop} and need to end the business plan
please terminate our company subscription at the end of the {month|quarter}
I hereby give notice to end our contract with you on <future>

I'd like to remove {one item|the <product>} from <order> and keep the rest
take the <product> out of <order> please, everything else can stay

it takes too long, {please cancel|just cancel} <order>
You keep postponing the <product>, so I don't want it any more. Cancel it
the <product> is on backorder until <future>, that's too late, please cancel the order

found it in a shop here, so please cancel the <product>
My wife already bought a <product>, stop my order please

cancel my {pre-order|preorder} of the <gadget>
I pre-ordered a <gadget> on <date> and don't want to wait, please take my name off

stop the monthly {coffee|filter|vitamin|pet food} deliveries
Please end the subscribe-and-save for the {filters|capsules|dog food}, I have enough for a year
skip is not what I want, I want the {coffee|refill|box} subscription stopped for good

unsubscribe me from {everything|all of your mails and the membership}
I want out. No membership, no newsletter, no app

does cancelling Plus {cost anything|take effect right away}?
If I end the membership today, can I use it until <future>?
what is the notice period for ending the yearly plan
+ then please end it on <future>

I'm moving abroad on <future>, please end {my plan|my subscription}
we're moving and you don't ship there, so my membership has no use any more

I cancelled <order> and it {shipped|was shipped} anyway
Your mail confirmed the cancellation, then a second mail says shipped. Please stop it
+ What now?

chat told me only you can cancel <order>
the bot said it can't cancel orders, so a human please: stop <order>

I lost my job and have to stop {my subscription|the plan|Plus}
Money is tight, I need to end Plus before the next <amount> is taken

the wrong address is on <order>, easier to cancel it and I order again
ordered the wrong {size|colour|model}, cancel and I'll reorder

please pause or end my plan, I will be {in hospital|travelling|deployed} until <future>
end my father's subscription please, he has passed away

withdraw my order under the 14 day right, it has not shipped
I withdraw from the purchase of the <product> made on <date>

protection plan for the <product>: please cancel it
I don't want the extended warranty any more, stop it
"""

REQUESTS = """
Please confirm {in writing|by email|when it's done}
Is there anything else I need to do?
no offers please, I have decided
Please take care of it {today|right away}
thanks for doing this quickly
Let me know when it's done
"""

DETAILS = """
I could not find it {on the website|in the settings}
it is {simply too expensive|more than I can use}
we decided that {yesterday|at home}
nothing against you, our plans changed
I called {on <date>|twice} and nobody picked up
I don't need it {any more|after all}
I got something else {already|in the meantime}
it's my own mistake, sorry
"""

ASIDES = """
I don't have any {problem|issue} with the {product|products}
if there is money to be refunded, use the same card
delivery was always {quick|on time}, thanks for that
My account login works, there just isn't a button
the last bill is paid
nothing is broken, it's just not for us
Your app only shows an error when I try
maybe I come back one day
"""

SUBJECTS = """
Cancel {my order|please|Plus}
{please|pls} stop <order>
End my membership
do not ship
Cancellation
Close my account
stop subscription
Ordered by mistake
changed my mind
Don't renew
URGENT stop order
termination
"""
