"""Sentences that any ticket may hold: openings, context, feelings, mentions of order and amount, closings."""

FORMAL_OPENINGS = """
Hello
To whom it may concern
Dear Northlane team
Dear Sir or Madam
Good morning
Good afternoon
Dear customer service
"""

OPENINGS = """
Hi
Hello
Hi there
Hey
Hello team
Good morning
Good evening
Hi Northlane
Hello again
hey guys
Hi, me again
Hi all
"""

CONTEXTS = """
I've been a customer for {years|a long time|<n> years}
this is my {first|second|third} order with you
This is the {second|third} time I write about this
I called {on <date>|twice} and was on hold for <minutes>
I {wrote|emailed} you {<ago>|on <date>} and got no answer
writing {on behalf of|for} my {mother|grandmother|boss|son}
I'm {at work|on the train} and only have my phone
The chat bot could not help
we are a small {café|school|studio|dental practice} in <city>
I normally never complain
I already read your help pages
<person> from your team {told|asked} me to write here
bit of a strange one
not sure this is the right form
maybe you can help me
"""

FEELINGS = """
This is {really|very|so} {frustrating|annoying|disappointing}
I'm {quite|rather|really} {upset|disappointed|annoyed}
not happy
I'm losing patience
honestly I expected better from you
What a {mess|waste of time}
I am worried
No big deal but still
it's driving me crazy
Unacceptable
I really like your shop otherwise
Not what I'm used to from you
I know it's a busy time for you
it's {quite|pretty} urgent
I'm at my wits' end
"""

MILD_FEELINGS = """
no rush
I'm a bit confused
just {curious|wondering}
Sorry if that's a silly question
I really like your shop
I know it's a busy time for you
no hurry at all
hope that makes sense
"""

FORMAL_CLOSINGS = """
Kind regards
Regards
Best regards
Sincerely
Yours sincerely
Many thanks and kind regards
"""

CLOSINGS = """
Thanks
Thank you
Thanks in advance
Many thanks
thanks a lot
Thanks for your help
Best
Best regards
Cheers
thank you and have a nice day
"""

CHAT_CLOSINGS = """
thanks
thx
thank you
ty
cheers
hello?
anyone there?
"""

ORDER_MENTIONS = """
Order number is <order_id>
It's <order_id>
<order_id>
order: <order_id>
The order is <order_id>
my order number: <order_id>
Ref <order_id>
(order <order_id>)
that's order <order_id> from <date>
"""

AMOUNT_MENTIONS = """
I paid <amount>
it cost <amount>
We are talking about <amount>
price was <amount>
It was <amount> with shipping
Total was <amount>
I paid <amount> on <date>
"""
