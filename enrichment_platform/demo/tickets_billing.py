"""Situations of the category `billing`: a charge, price, invoice or payment method is wrong or unclear."""

SITUATIONS = """
I was charged twice for <order>, <amount> each time
there are two identical {charges|payments} of <amount> on my {card|statement} and I only bought one <product>
you took the money two times for the same thing
my card shows <amount> and then <amount> again <minutes> later, same purchase
+ please take the extra one off
+ Which of the two is the right one?

The total on my {card|statement} is <more> but the confirmation {said|says} <amount>
checkout showed <amount>, the bank shows <more>. where does the difference come from?
I was overcharged for <order>, it should have been <amount>
+ I want the difference credited
+ Please correct the charge

the {discount|promo|coupon} code <code> was accepted but the full price was {taken|charged}
I entered <code> at checkout, it said {applied|10% off}, and still I paid <amount> in full
My {promo|welcome} code did not come off the price of <order>
+ can you apply it now?
+ Please credit the discount

I need {an invoice|a proper invoice|a VAT invoice} for <order>, my accountant is asking for it
Can you send me the invoice with our company name and tax number on it?
where do I download {the receipt|a receipt} for <amount> paid on <date>? I need it for my expenses
+ please send it as a pdf
+ I need it by <future>

the invoice you sent has the wrong {company name|address|tax number} on it
Our invoice for <order> still shows the old company address, please issue a corrected one
+ please send a corrected one

There is a {charge|payment} of <amount> from Northlane on <date> that I don't recognise
who charged my card <amount>? I bought nothing from you this month
I {see|found} a Northlane payment on my statement that nobody in this house made
+ What is it for?
+ please tell me what it is or reverse it

You charged me for {shipping|express shipping} although it said free over fifty dollars
why is there a {handling|service} fee of <small> on <order>?
I paid <small> for shipping on an order that qualifies for free shipping

Plus renewed at <amount> {even though|although} the offer said <small> for the first year
My Plus membership price went up to <amount> and nobody told me
I was told my plan costs <small> a month and this month it is <amount>

I am being billed monthly for Plus but I signed up for the yearly plan
you put me on the monthly plan, I chose annual and paid <amount> for it

the free trial was supposed to last 30 days and I was charged <amount> after <n> days
I was in the trial period and <amount> still left my account on <date>

My {card|payment} keeps getting declined {but|although} the bank says everything is fine on their side
Payment fails with every card I try, there is plenty of money on all of them
my bank approved it, your checkout says payment declined, and now <amount> is on hold

the payment for <order> says pending since <date>
<amount> has been {pending|on hold} on my card for <days>, will it be captured or released?

how can I {change|update} the card {you charge for Plus|on file}? the old one expires this month
my card was replaced by the bank, where do I put the new number so the next payment goes through
+ Where do I do that?
+ a short explanation is enough

can I pay {by invoice|by bank transfer|in instalments} instead of card? we are a small business
Do you accept purchase orders? Our finance team cannot pay by credit card
+ What would you need from us?
+ is that possible?

the gift card balance {is wrong|shows zero}, I had <amount> on it
I used a gift card for <order> and you also took <amount> from my credit card
the gift card code was accepted but the price at the end stayed the same

sales tax looks wrong on <order>, we are tax exempt
Why did I pay <small> tax? I live in {Oregon|Montana|Delaware}, there is no sales tax here
our exemption certificate is on file and tax was added anyway

the price of the <product> dropped to <less> one day after I paid <amount>
do you price match? I paid <amount> for the <product> and now your own site has it for <less>
+ Would you credit the difference?

I was charged in {euros|pounds} instead of dollars and my bank added a conversion fee
The amount on <order> was converted at a strange rate, I should have paid <amount>

the loyalty points I used on <order> were deducted but the price did not change
1,500 points gone and I still paid <amount>

My statement shows <n> payments for <order>, one for each box. {Is that normal?|The sum is not right.}
One order, split in <n> payments, and together they are more than the <amount> I agreed to

PayPal was charged {although|even though} I picked my credit card
I chose card number ending in <last4>, but the money came from my PayPal

I got {a payment reminder|an overdue notice} for <amount> that I already paid on <date>
Your collections email says I owe <amount>. I have the bank confirmation from <date> that it was paid
you say my invoice is unpaid. It is paid, since <date>

a seat for a colleague who left is still on our monthly bill
we have <n> seats in our business plan and the bill lists one more
+ please remove that seat from the bill

I cancelled nothing and changed nothing, but this month's bill is <amount> higher
this month's statement from you has a line called "adjustment" of <small>, what is that
can someone explain the line items on my {last|January} bill? it does not add up to <amount>

The installment plan took the second payment <n> days early
my second instalment of <small> was collected twice this month

I ordered <n> but was charged for one more
quantity was wrong on the bill for <order>, I only bought {one|a single} <product>

extended warranty of <small> was added to my bill, I never ticked that box
why am I paying for a protection plan on a <product>? I did not ask for it
"""

REQUESTS = """
Please {look into it|check this|have a look}
Can you check {it|this} with your payments team?
Could someone {explain|clear} this {up for me|please}?
I'd like this {sorted out|corrected} {before the end of the month|soon|please}
what can you do about it?
How do we {solve|fix} this?
"""

DETAILS = """
I have the bank statement {here|in front of me}
I can send {a screenshot of|you} my statement
I only noticed {today|this morning|when I did my accounts}
My bank says to {ask you|contact the merchant}
I checked the confirmation mail {twice|again}
it was the same last month
I paid with my {Visa|Mastercard|debit card}
my accountant noticed it
"""

ASIDES = """
{Delivery|Shipping} was {quick|fast} by the way, no complaints there
I don't want to return anything
The product itself is {great|fine}
I {almost|nearly} cancelled because of this
no broken parts this time at least
I can see the two lines in my account too
A refund of the difference would be fine
your website shows something else than the mail
I have no question about the product
"""

SUBJECTS = """
billed twice
Wrong amount {on my card|charged}
Invoice {needed|request|please}
payment question
my bill
{Wrong|strange} bill
Strange charge of <amount>
{Overcharged|price mismatch} on <order>
discount code not applied
my statement
Payment declined
receipt
Plus {price|payment}
tax on my order
Why <amount>?
"""
