"""Situations of the category `refund`: a return, or money back that was asked for or promised."""

SITUATIONS = """
I sent the <product> back {on <date>|<ago>} and still have no money
you received my return on <date>, and the <amount> is still not back on my card
tracking says my return arrived at your warehouse <days> ago. When do I get my <amount> back?
+ When will I see the money?
+ Can you check where it is?

your colleague promised me {a refund|my money back} of <amount> {by <date>|within <days>} and nothing came
I was told on <date> that the <amount> was on its way back. It is not.
chat agent said 3-5 days for the refund. It has been <days>
+ Please send it now
+ When does it come?

you only {refunded|paid back} <less>, I paid <amount>
The refund for <order> is short, I got <less> instead of <amount>
half of my refund is missing
+ Where is the rest?
+ Please send the rest to my card

I would like to return {the|my} <product>, it doesn't {suit|fit} the {room|house}
the <product> is not what I {expected|had in mind}, how do I send it back?
want to send back <order>, I changed my mind. unopened, still in the box
+ What do I have to do?
+ Please send me the label
+ Who pays for the postage?

where do I find the return label for <order>?
The return label {won't open|never arrived in my mail|has expired}, I need a new one
please email me a return label for the <product>
+ just tell me how to send it back

the <soft> is too {small|big|tight}, I want to return it {and get my money back|for my money back}
wrong size, my fault. can i send the <soft> back
+ How do I send it back?
+ Is the return free?

My return was rejected because the box was opened. How else should I try {it|a <product>}?
you refused my return of <order> and I don't agree with the reason

I am {past|two days past} the 30 days for returning the <product>, can you make an exception?
is it still possible to return something I bought {in November|six weeks ago}? I was in the hospital
the return window closed yesterday, I was travelling. please let me send it back

the refund went to {an old card|a card that is closed}, how do I get it now?
I see that you refunded <amount> to my old bank account, which no longer exists
my bank card changed and the <amount> you sent back has nowhere to go
+ where can I give you the new one?
+ please send it to the new account

I got store credit but I {want|asked for} the money back on my card
Please turn the <amount> store credit into a real refund

you deducted {a restocking fee|return shipping} of <small> from my refund. That was not mentioned anywhere
why do I pay <small> for return shipping? It says free returns on your site

I returned two things and only one was {refunded|credited}
sent back the <product> and a <soft> in one box, only the first was credited

The courier never picked up my return {on <date>|although it was booked}
I waited the whole day for the return pickup and nobody came
+ Please book a new pickup

how long does a refund {take|usually take}? it is <days> now
what is the status of my refund for <order>
Refund status please, <order>, <amount>
+ When do I see the money?
+ any news?

it was a gift and {we|they} already have one, can I return it without the receipt?
my mother gave me the <product> and I'd prefer the money, is that possible

I returned <order> in the store in <city> and the money has not come back
gave the <product> back at your {pickup|drop} point in <city> on <date>, no refund yet

I bought the <product> and found it cheaper elsewhere, so I'd like to return it for my money back
You said no-questions-asked returns. I'm sending back the <product>, please confirm the full <amount>

your site says refund issued, my bank says no
refunded on <date> according to your email but the bank has no trace of <amount>
+ Please look at it again
+ Where did it go?

I need the refund reference number so that my bank can {trace|find} the <amount>
bank asks for an ARN or reference of the refund, can you give it to me

The seller on your marketplace ignores my return {request|messages}
third party seller does not answer, I sent the <product> back <ago> and want my <amount>

I returned it by mistake to the old address on the box, what about my {money|refund}?
my return parcel seems lost on the way back to you, will I still get the <amount>?

I'd like an exchange, or else my money back, for the <soft>
can I swap the <soft> for another colour, or should I return it and get the money

the return form keeps my <order> as "under review" since <date>
my return has been {"in inspection"|"being processed"} for <days>

please refund me, I no longer need the <product>
I want my money back for <order>, it simply isn't {good|worth <amount>}
not happy with the <product>, money back please
+ Please confirm
+ How soon will I see the money?

paid with a gift card and half with credit card. where will the refund go?
will the <amount> go back to paypal or to my card when I return <order>?

you approved my refund request {on <date>|<ago>} and then closed the ticket without paying
My ticket was closed as "resolved" but the refund of <amount> never happened
"""

REQUESTS = """
Please {look into it|check|help}
What {do I do now|happens next}?
Please process it this week
I'd like an answer {today|this week|please}
how do we go on from here?
Please confirm
"""

DETAILS = """
I have the {drop-off receipt|proof of postage}
it's unused and {in the original box|the tags are still on}
I kept the box and the receipt
the tracking of my return says delivered
I bought it {on <date>|<ago>}
my bank confirmed that nothing has come in
I paid by {credit card|PayPal|debit card}
nobody tells me {anything|how long it takes}
"""

ASIDES = """
the delivery was {fine|quick}, that's not the point
Nothing is {broken|damaged}, I just don't want it
your billing department sent me {here|to you}
My account still shows the order as completed
{The product is good|It's a good product}, only not for me
I don't want to cancel my membership
I also had trouble with your app, different story
the invoice is attached
"""

SUBJECTS = """
Where is my refund?
Return of <product>
money back
Return {label|request}
still waiting for my money
Refund {status|too low|missing}
sending something back
{Return|Returned} <ago>
<amount> not received
My return
return window
"""
