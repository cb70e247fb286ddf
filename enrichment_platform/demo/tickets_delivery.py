"""Situations of the category `delivery`: a parcel is late, lost or in the wrong place; shipping."""

SITUATIONS = """
Where is <order>? It was {supposed to be|due} here on <date>
my <product> should have come on <date> and there is no sign of it
still waiting for my <product>, it has been <days>
where is my {package|parcel|order}
+ When will it {arrive|get here}?
+ Please find out where it is

tracking has not {moved|changed|updated} since <date>
The tracking number says "label created" for <days> now
{tracking|the tracking page} is stuck in <city> since <date>
+ Is it lost?
+ Can you chase the carrier?

It says delivered but I {have|got} nothing
<carrier> marked it delivered on <date>, I was home all day and nobody rang
status is delivered, but there is nothing at the door, the mailbox or with the neighbours
+ Could you open a trace with <carrier>?
+ please send it again

you shipped to my old address {although|even though} I changed it
can I still change the {shipping|delivery} address on <order>? I typed the wrong {house|apartment} number
wrong zip code on my order, please correct it before it {ships|goes out}
+ Can you redirect it?
+ please correct it

the parcel is going to <city>, I live somewhere else entirely
my package was {sent|routed} to <city> by mistake

the driver left the {box|package} {in the rain|in front of the building|at the wrong house}
<carrier> dropped my parcel at a house <n> doors down, {the neighbour brought it over|I found it by luck}
courier threw it over the fence. Nobody rang the bell

I paid for {express|next-day|two-day} shipping and it is already {<days>|day <n>}
express was <small> extra and the parcel still isn't here
Next day delivery, they said. Ordered <ago>.
+ When does it come?
+ Give me a real date please

only one of <n> boxes {arrived|came}
part of <order> is missing, the second parcel never showed up
Half my order came on <date>. Where is the rest?
+ Where is the other one?
+ Please find the missing box

when will <order> ship? It still says processing
ordered <ago> and it has not even left the warehouse
No shipping confirmation yet for my <product>, when does it go out?
+ Any date yet?
+ What is holding it up?

can you hold my parcel, I'm {away|travelling} until <future>
I'll be on vacation from <future>, please deliver {later|to a pickup point}
Please leave it with the {concierge|neighbour at number <n>}, I am at work during the day

how long does shipping to {Alaska|Hawaii|Canada|Puerto Rico} take?
do you deliver to {PO boxes|military addresses|<city>}?
+ and what does it cost?

<carrier> says the address is incomplete and wants to send it back to you
parcel is being returned to sender because of a missing apartment number

it has been in customs since <date>
customs wants papers for my parcel, can you send them what they need

I missed the {driver|courier}, how do I get {a second attempt|it delivered again}?
they left a card saying they tried at 2pm, but I was here. When do they come again?
<carrier> claims <n> delivery attempts. not true, the camera shows nobody

the delivery slot for the <furniture> was between 8 and 12 and nobody came
I took a day off for the delivery of the <furniture> and the truck never came
truck for my <furniture> is postponed for the third time
+ Give me a new slot please
+ When are they coming?

I need it by <future>, {will it be here?|it is a birthday present}
will the <product> get here before <future>? We are moving
+ Can you speed it up?
+ please tell me honestly

the pickup {point|locker} {is closed|was full}, where did my parcel go
the locker code does not open the box with my parcel
I went to the pickup point in <city>, they say they have never seen it

my parcel was handed to someone {called|named} <person>, I don't know that person
signature on the proof of delivery isn't mine

the estimated date keeps {changing|moving}, first <date>, now <future>
every day the tracking says tomorrow

I got somebody else's {parcel|package}, and mine is probably with them
the box I received has another person's name on it, so where is my <product>?

<carrier> lost {it|my parcel}, they told me so on the phone
the carrier opened a search <days> ago and it has led to nothing, I think the <product> is lost
+ Please send it again
+ will you ship a new one?

no tracking number in the shipping email for <order>
The tracking number you gave me is invalid on the <carrier> site
+ please send me the right number

the package sat at the depot in <city> for <days>
My parcel is <n> miles from my house in the <city> depot and nobody brings it

my <product> is on backorder with no date. When does it leave?
pre-ordered on <date>, the promised ship date has passed

can I pick up <order> myself at the depot?
could you ship <order> in one box rather than <n>? I don't want to be home <n> times

stolen from my porch I guess, the photo shows the parcel there and now it's gone
the delivery photo shows a door that is not mine
+ What do I do now?
"""

REQUESTS = """
Please {look into it|check|help}
Can you {check with|call|ask} <carrier>?
Please update me
{What|so what} do I do now?
Can somebody take care of it {today|please}?
"""

DETAILS = """
I was home {all day|the whole time}
I asked {the neighbours|everybody in the building}
<carrier> tells me to ask {you|the sender}
we have a doorbell camera and nobody came
My address is correct in the confirmation
it's a {present|birthday gift}
I work {nights|from home}, so I would have heard them
I have refreshed that page all day
I live in <city>, in case that matters
I ordered it {on <date>|<ago>}
"""

ASIDES = """
{I don't want|I'm not asking for} a refund, I want {the parcel|my order}
If this goes on I'd rather cancel
billing says the payment went through {on <date>|right away}
I hope nothing {is broken|gets damaged} on the way
I can see it in my account, so the order exists
I have no other question, the product page was clear
the app shows the same as the website
Is it a technical problem with your system?
"""

SUBJECTS = """
Where is my {order|parcel|package}?
{Late|Missing} package
tracking not updating
not received
<carrier> problem
Address change
{shipping|delivery} {question|time}
parcel says delivered
<order>
Still waiting
lost package?
ETA
"""
