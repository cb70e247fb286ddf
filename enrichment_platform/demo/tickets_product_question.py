"""Situations of the category `product_question`: what a product is, fits or can do; stock, use, care."""

SITUATIONS = """
{Does|Will} the <appliance> work with {220|110} volts? {|I'm moving to Europe}
can I use the <appliance> {in the UK|abroad} with an adapter?
What voltage is the <appliance>?

what are the {dimensions|measurements} of the <furniture>?
How {wide|deep|tall} is the <furniture>? My {wall|corner} is only <inches> inches
will the <furniture> fit through a <inches> inch door?

is the <soft> {machine washable|ok for the dryer}?
how do I wash the <soft> without ruining it
what is the <soft> made of? I'm allergic to {wool|latex|polyester}

does the <gadget> work with {iPhone|Android|an old router}?
Is the <gadget> compatible with {5 GHz wifi|Google Home|a Mac}?
I have {an iPad|a Windows laptop}, can I use the <gadget> with it?

When will the <product> be back in stock?
the <product> is sold out in {black|white|blue|green}, will you get more?
do you still sell the <product>? can't find it on your site any more
+ I'd take {one|two}
+ can you tell me when it's there?

which size {should I take|do I need} for the <soft>? I'm 5'<digit> and {between M and L|usually a medium}
Does the <soft> run {small|large}?
size chart for the <soft> please
+ What would you recommend?

what is the difference between the {two|old and new} <product> models?
Which <appliance> would you recommend for {a family of <n>|a small kitchen}?
I can't decide between the <gadget> and the more expensive one. Is it worth it?
+ Which one would you recommend?

how long is the warranty on the <product>?
does the warranty of the <gadget> cover {water damage|the battery}? just asking before I buy

how much weight can the <furniture> {hold|carry}?
Is the <furniture> sturdy enough for {a 120 lb dog|a heavy TV|two adults}?

does the <appliance> come with {a recipe book|spare parts|a measuring cup}?
What's in the box with the <gadget>? Is {the cable|a case|a mount} included?
are batteries included with the <gadget>

is the <appliance> {dishwasher safe|easy to clean}?
can I put the parts of the <appliance> in the dishwasher

How {loud|noisy} is the <appliance>? We have a baby
does the <appliance> hum? it would stand in my bedroom

how long does the battery of the <gadget> last {on one charge|in winter}?
Can the <camera> stay outside in {the rain|freezing cold}?

is the <fragile> {real glass|handmade|microwave safe}?
Does the <fragile> contain lead? I want to use it for food
What exactly is the colour of the <fragile>? in the photos it looks {grey|beige} and then {blue|white}

do you sell {spare parts|replacement filters|extra shelves} for the <product>?
where can I buy a {new lid|second battery|refill} for my <appliance>?
+ A link would be great

how do I {clean the inside of|set the timer on} the <appliance>? the manual doesn't say
I can't find in the manual how to {change the language|set the clock} on the <gadget>
+ Is there a video?
+ Is there a better manual?

is assembly hard? {I live alone|I'm 70} and would like the <furniture>
Do I need tools for the <furniture>? How long does it take to put together?

is the <soft> {vegan|made in the USA|from recycled material}?
where is the <product> {made|manufactured}?

can the <furniture> be {painted|used outdoors|taken apart again}?
Would the <furniture> hold up on a covered balcony?

does the <camera> {record sound|store video locally|need a subscription}?
Can I use the <gadget> without making an account?
How many <gadget> units can one app handle? I would need <n>

how many {cups|litres} does the <kettle> hold?
power consumption of the <appliance>? we run on solar

is the <gadget> the {2025|newest} model? The picture shows an older one
will there be a new version of the <gadget> soon, or should I buy now

is the <product> safe for {kids|cats|toddlers}?
At what age can children use the <gadget>?

do you have the <soft> in {tall sizes|XXL|kids sizes}?
Do you carry the <soft> in {navy|olive|burgundy}?

Is there a {discount for schools|bulk price} for the <product>? We would need <inches>
can I get the <product> engraved, and what would it cost? price now is <amount>
can I see the <product> in a shop near <city> before I buy?

does the <product> come gift wrapped
Could you tell me how heavy the <product> is? Third floor, no elevator

the description says {waterproof|scratch proof}, is that really true for the <gadget>?
What does "{IP67|Type B|class 2}" mean in the description of the <gadget>?

I bought the <product> {last year|<ago>} and love it. Is there a matching {cover|stand|set}?
got my <appliance> <ago>, works great. Which {attachments|accessories} fit it?
+ Any tips?
"""

REQUESTS = """
I'd like to know before I {buy|order}
couldn't find it in the description
The product page doesn't say
{Any|Do you have any} advice?
Would love to hear from someone who knows it
It would help me decide
"""

DETAILS = """
it's {a present for my mother|for my son|for our kitchen|for a small flat}
I'm comparing it with {another brand|two others}
I read all the reviews
your chat bot sent me in circles
I saw it {at a friend's|in your newsletter|on your site}
the pictures don't show it
I have the older model
thinking of buying {one|two}
price is fine
"""

ASIDES = """
how easy would a return be if not?
I don't want to end up asking for a refund
and how long is delivery, roughly?
my last one arrived broken, so I'm careful now
I have no account yet, is that a problem?
I had a technical problem with the old one
Can I cancel later if it doesn't fit?
the invoice should go to my company, if I buy it
I pay by card
"""

SUBJECTS = """
Question about the <product>
<product>: {size|weight|material}?
before I buy
Compatible?
{quick|Small} question
back in stock?
Which one to choose
how to use my <product>
Sizing
<product> specs
warranty length
Information please
"""
