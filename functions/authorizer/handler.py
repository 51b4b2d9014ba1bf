"""What API Gateway asks before each request: whose key is it?"""

from tidewatch.api.authorizer import create_authorizer

lambda_handler = create_authorizer()
